using System.Globalization;
using AgentPki.Authority.Ceremony.Scripts;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>What officers state in a ceremony, and about what exactly.</summary>
internal static class StatementKinds
{
    public const string ApprovePlan = "approve-plan";
    public const string ApproveStep = "approve-step";
    public const string Close = "close";
    public const string AcceptOffice = "accept-office";

    /// <summary>This plan of this ceremony, whose records this key signs.</summary>
    public static (string Name, string Value)[] OfPlan(CeremonyPlan plan, string transcriptKey) => [("ceremony", plan.Id), ("plan-sha256", plan.Sha256), ("transcript-key-sha256", transcriptKey)];

    /// <param name="head">SHA-256 of the record with which this try of the step began.</param>
    public static (string Name, string Value)[] OfStep(CeremonyPlan plan, PlannedStep step, string head) =>
        [("ceremony", plan.Id), ("plan-sha256", plan.Sha256), ("step", step.Number.ToString(CultureInfo.InvariantCulture)), ("head-sha256", head)];

    public static (string Name, string Value)[] OfEnd(CeremonyPlan plan, string head, string minutes) => [("ceremony", plan.Id), ("plan-sha256", plan.Sha256), ("head-sha256", head), ("minutes-sha256", minutes)];
}
