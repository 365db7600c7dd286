using System.Globalization;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Ceremony;

/// <summary>A plan as people read it, and its digest as they compare it.</summary>
internal static class PlanText
{
    public static void Show(Terminal terminal, CeremonyPlan plan)
    {
        terminal.Raw($"{(plan.Rehearsal ? "REHEARSAL of a ceremony" : "Ceremony")}: {plan.Title}");
        terminal.Raw($"   for the appliance '{plan.Home}'; id {plan.Id}");
        terminal.Raw(string.Create(CultureInfo.InvariantCulture, $"   {plan.Roster.Quorum} of {plan.Roster.Officers.Length} officers decide:"));
        foreach (var officer in plan.Roster.Officers)
        {
            terminal.Raw($"     {officer.Name,-12} {officer.FullName}, key {officer.Fingerprint[..16]}…");
        }

        terminal.Raw("   Steps:");
        foreach (var step in plan.Steps)
        {
            terminal.Raw(string.Create(CultureInfo.InvariantCulture, $"     {step.Number,2}. {step.Kind.Describe(step)}{(step.Quorum == plan.Roster.Quorum ? "" : $" (approved by {step.Quorum})")}"));
        }

        terminal.Raw("   The plan's digest, which every officer compares with what he has:");
        foreach (var line in DigestLines(plan.Sha256))
        {
            terminal.Raw("     " + line);
        }
    }

    /// <summary>A SHA-256 in groups of four digits, and as words, two lines each.</summary>
    public static IEnumerable<string> DigestLines(string sha256)
    {
        var groups = Enumerable.Range(0, sha256.Length / 4).Select(i => sha256.Substring(i * 4, 4)).ToList();
        var words = Proquints.Encode(Convert.FromHexString(sha256)).Split('-');
        for (var half = 0; half < 2; half++)
        {
            yield return string.Join(' ', groups.Skip(half * 8).Take(8));
        }

        for (var half = 0; half < 2; half++)
        {
            yield return string.Join(' ', words.Skip(half * 8).Take(8));
        }
    }
}
