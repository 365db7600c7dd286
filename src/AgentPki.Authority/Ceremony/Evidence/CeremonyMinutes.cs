namespace AgentPki.Authority.Ceremony.Evidence;

internal static class CeremonyMinutes
{
    public static bool IsOfThisVersion(ReadOnlySpan<byte> minutes) => minutes.StartsWith("<html>"u8);

    public static byte[] Write(Scripts.CeremonyPlan plan, IReadOnlyList<TranscriptRecord> records, string head, string verifyScript) => System.Text.Encoding.UTF8.GetBytes($"<html>{plan.Title} {records.Count} {head} {verifyScript}</html>");
}
