namespace AgentPki.Authority.Ceremony.Evidence;

internal static class CeremonyMinutes
{
    public static byte[] Write(Scripts.CeremonyPlan plan, IReadOnlyList<TranscriptRecord> records, string head) => System.Text.Encoding.UTF8.GetBytes($"<html>{plan.Title} {records.Count} {head}</html>");
}
