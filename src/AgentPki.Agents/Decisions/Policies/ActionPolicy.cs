using System.Collections.Immutable;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Agents.Decisions.Policies;

public enum PolicyEffect : byte
{
    Permit,
    Forbid,
}

/// <summary>Whether a policy speaks of a request.</summary>
public enum PolicyOutcome
{
    DoesNotApply,
    Applies,

    /// <summary>Its condition needs what was not sent, or compares what does not compare.</summary>
    CannotTell,
}

/// <summary>Which agents a policy is about: all conditions that are there must hold; an empty one always does.</summary>
/// <param name="Ids">Globs over the SPIFFE ID's path (<see cref="PathPattern"/>), or whole IDs.</param>
public sealed record AgentMatch(ImmutableArray<string> Ids, ImmutableArray<string> Owners, ImmutableArray<string> Tiers, ImmutableArray<string> Environments, ImmutableArray<string> Profiles)
{
    public static AgentMatch Everybody { get; } = new([], [], [], [], []);

    public bool Has(DecisionSubject subject) =>
        IsIn(Owners, subject.Owner) && IsIn(Tiers, subject.Tier) && IsIn(Environments, subject.Environment) && IsIn(Profiles, subject.Profile) && IsNamed(subject);

    private static bool IsIn(ImmutableArray<string> words, string? word) => words.IsEmpty || (word is not null && words.Contains(word));

    private bool IsNamed(DecisionSubject subject)
    {
        if (Ids.IsEmpty)
        {
            return true;
        }

        foreach (var id in Ids)
        {
            if (id.StartsWith(Scheme, StringComparison.Ordinal) ? id == subject.Id : PathPattern.Matches(id, subject.Path))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>How a whole ID begins.</summary>
    public const string Scheme = "spiffe://";
}

/// <summary>One rule of a policy file: these agents may, or may not, do these actions on these resources, when its condition holds.</summary>
/// <param name="Id">Unique in the appliance.</param>
/// <param name="Resources">Of a forbid written in lower case: it forbids whatever differs in case alone.</param>
/// <param name="Condition">Null: always.</param>
/// <param name="Source">The file.</param>
public sealed record ActionPolicy(
    string Id, PolicyEffect Effect, string Description, AgentMatch Agents, ImmutableArray<SegmentPattern> Actions, ImmutableArray<SegmentPattern> Resources, PolicyCondition? Condition, string Source)
{
    /// <summary>The longest <see cref="Offline"/>.</summary>
    public static readonly TimeSpan LongestOffline = TimeSpan.FromHours(1);

    /// <summary>For how long what it permits may be relied on when the appliance cannot be asked; zero: not at all. Of permits alone.</summary>
    public TimeSpan Offline { get; init; }

    public PolicyOutcome Evaluate(DecisionRequest request, ConditionFacts facts) =>
        !Covers(request, facts) ? PolicyOutcome.DoesNotApply
        : Condition is null ? PolicyOutcome.Applies
        : Condition.Evaluate(facts, Effect);

    /// <summary>Whether it is about such a request, whatever its condition says.</summary>
    internal bool Covers(DecisionRequest request, ConditionFacts facts) =>
        Matches(Actions, request.Action) && Matches(Resources, Effect == PolicyEffect.Forbid ? facts.FoldedResource : request.Resource) && Agents.Has(request.Subject);

    private static bool Matches(ImmutableArray<SegmentPattern> patterns, string name)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(name))
            {
                return true;
            }
        }

        return false;
    }
}
