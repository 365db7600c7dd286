using AgentPki.X509.AgentPolicies;

namespace AgentPki.Agents.Decisions;

public enum AdjustmentKind : byte
{
    /// <summary>Until it ends, the agent may act within these scopes alone.</summary>
    Narrowing = 0,

    /// <summary>Until it ends, these scopes are permitted beside what policies permit: within the agent's certificate, and unless a policy forbids it.</summary>
    Elevation = 1,
}

/// <summary>A change of what one agent may do, for a time: it ends by itself.</summary>
/// <param name="Id">32 lower-case hexadecimal digits.</param>
/// <param name="NotAfter">The first moment at which it is not in force any more.</param>
/// <param name="Ended">When somebody ended it before its time; null: nobody did.</param>
public sealed record Adjustment(string Id, AdjustmentKind Kind, string AgentId, ScopeSet Scopes, DateTimeOffset NotBefore, DateTimeOffset NotAfter, string Reason, string MadeBy, DateTimeOffset? Ended = null)
{
    /// <summary>The longest elevation.</summary>
    public static readonly TimeSpan LongestElevation = TimeSpan.FromDays(1);

    /// <summary>The longest narrowing.</summary>
    public static readonly TimeSpan LongestNarrowing = TimeSpan.FromDays(397);

    public bool IsInForce(DateTimeOffset now) => NotBefore <= now && now < NotAfter && Ended is null;
}
