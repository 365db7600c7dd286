using System.Net;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Agents.Decisions;

/// <summary>One action that somebody wants a yes or no to.</summary>
/// <param name="Action">A name of <see cref="SegmentSyntax.Action"/>, as it was sent.</param>
/// <param name="Resource">A name of <see cref="SegmentSyntax.Resource"/>: the resource's type, a slash, its id, as they were sent.</param>
/// <param name="Now">By the appliance's clock. What whoever asks says of the time bounds nothing.</param>
/// <param name="Facts">What else there is to know, for conditions.</param>
public sealed record DecisionRequest(DecisionSubject Subject, string Action, string Resource, DateTimeOffset Now, DecisionFacts Facts)
{
    /// <summary>From where the agent acts, as whoever asks saw it; null: he does not say.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Kinds of data that the action touches; null: he does not say.</summary>
    public NameSet? DataClasses { get; init; }

    /// <summary>What the task at hand needs, as whoever asks says: it can only narrow. Null: he does not say.</summary>
    public ScopeSet? Task { get; init; }

    /// <summary>What the agent has been narrowed to, or was given for a time, of those that are in force at <see cref="Now"/>.</summary>
    public IReadOnlyList<Adjustment> Adjustments { get; init; } = [];

    /// <summary>The longest that a permission of an agent of this risk tier may be relied on when the appliance cannot be asked; zero: not at all.</summary>
    public TimeSpan LongestOffline { get; init; }
}

/// <summary>What conditions may look at, beside agent and time. The values are texts, whole numbers, doubles, truth values, null, lists and maps of these.</summary>
public sealed record DecisionFacts
{
    public static IReadOnlyDictionary<string, object?> None { get; } = new Dictionary<string, object?>(StringComparer.Ordinal);

    public static DecisionFacts Empty { get; } = new();

    /// <summary>Properties of the action.</summary>
    public IReadOnlyDictionary<string, object?> Action { get; init; } = None;

    /// <summary>Properties of the resource.</summary>
    public IReadOnlyDictionary<string, object?> Resource { get; init; } = None;

    /// <summary>What whoever asks says of the subject. Named <c>claims</c> in conditions, since nobody vouches for it but he.</summary>
    public IReadOnlyDictionary<string, object?> Claims { get; init; } = None;

    /// <summary>The context of the request.</summary>
    public IReadOnlyDictionary<string, object?> Context { get; init; } = None;

    /// <summary>What the agent did of late, as the appliance counted.</summary>
    public RecentBehaviour Recent { get; init; } = RecentBehaviour.Nothing;
}

/// <summary>What this node decided for an agent within the last minute and the last hour, the decision at hand not counted.</summary>
public readonly record struct RecentBehaviour(long PermitsMinute, long DenialsMinute, long PermitsHour, long DenialsHour)
{
    public static RecentBehaviour Nothing { get; }
}
