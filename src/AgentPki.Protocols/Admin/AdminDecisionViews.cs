using AgentPki.Agents.Decisions;

namespace AgentPki.Protocols.Admin;

/// <summary>What an agent was narrowed to, or given, for a time.</summary>
/// <param name="Kind"><c>narrowing</c> or <c>elevation</c>.</param>
public sealed record AdjustmentView(string Id, string Kind, string Agent, IReadOnlyList<string> Scopes, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string Reason, string MadeBy)
{
    internal static AdjustmentView Of(Adjustment adjustment) => new(
        adjustment.Id, adjustment.Kind == AdjustmentKind.Elevation ? "elevation" : "narrowing", adjustment.AgentId, [.. adjustment.Scopes.Scopes.Select(s => s.ToString())], adjustment.NotBefore, adjustment.NotAfter, adjustment.Reason, adjustment.MadeBy);
}

public sealed record AdjustmentsView(IReadOnlyList<AdjustmentView> Adjustments);

/// <summary>Narrows an agent to scopes, or gives it scopes, for so many seconds.</summary>
public sealed record AdjustmentCommand(string Agent, IReadOnlyList<string> Scopes, long Seconds, string Reason);

public sealed record ApplyPolicyCommand(string File, string Yaml);

public sealed record PolicyAppliedView(string File, string Sha256);

public sealed record PolicyView(string Id, string Effect, string Description, string Source);

/// <param name="Sha256">Of the policies in force, as receipts name them.</param>
/// <param name="Problem">Why what lies in the folder is not in force; null: it is.</param>
public sealed record PoliciesView(string Sha256, string? Problem, IReadOnlyList<PolicyView> Policies);
