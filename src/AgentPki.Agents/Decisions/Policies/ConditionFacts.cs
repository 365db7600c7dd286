namespace AgentPki.Agents.Decisions.Policies;

/// <summary>A request as conditions see it; made when the first condition asks.</summary>
public sealed class ConditionFacts(DecisionRequest request)
{
    private Dictionary<string, object?>? _variables;
    private string? _folded;

    /// <summary>The names that conditions may use.</summary>
    public static IReadOnlyList<string> Names { get; } = ["agent", "action", "resource", "context", "claims", "recent", "now"];

    /// <summary>The resource in lower case, for forbids.</summary>
    internal string FoldedResource => _folded ??= request.Resource.ToLowerInvariant();

    internal DecisionFacts Facts => request.Facts;

    internal Dictionary<string, object?> Variables => _variables ??= Make(request);

    private static Dictionary<string, object?> Make(DecisionRequest request)
    {
        var (subject, facts) = (request.Subject, request.Facts);
        var slash = request.Resource.IndexOf('/', StringComparison.Ordinal);
        return new Dictionary<string, object?>(7, StringComparer.Ordinal)
        {
            ["agent"] = new Dictionary<string, object?>(6, StringComparer.Ordinal)
            {
                ["id"] = subject.Id,
                ["path"] = subject.Path,
                ["owner"] = subject.Owner,
                ["tier"] = subject.Tier ?? "",
                ["environment"] = subject.Environment ?? "",
                ["profile"] = subject.Profile,
            },
            ["action"] = new Dictionary<string, object?>(2, StringComparer.Ordinal) { ["name"] = request.Action, ["properties"] = facts.Action },
            ["resource"] = new Dictionary<string, object?>(4, StringComparer.Ordinal)
            {
                ["name"] = request.Resource,
                ["type"] = slash < 0 ? request.Resource : request.Resource[..slash],
                ["id"] = slash < 0 ? "" : request.Resource[(slash + 1)..],
                ["properties"] = facts.Resource,
            },
            ["context"] = facts.Context,
            ["claims"] = facts.Claims,
            ["recent"] = new Dictionary<string, object?>(4, StringComparer.Ordinal)
            {
                ["permits_minute"] = facts.Recent.PermitsMinute,
                ["denials_minute"] = facts.Recent.DenialsMinute,
                ["permits_hour"] = facts.Recent.PermitsHour,
                ["denials_hour"] = facts.Recent.DenialsHour,
            },
            ["now"] = request.Now,
        };
    }
}
