using System.Net;

namespace AgentPki.Agents.Behaviour;

/// <summary>What an agent did, or was refused.</summary>
public enum BehaviourKind : byte
{
    /// <summary>An action was permitted.</summary>
    Permitted = 0,

    /// <summary>An action was denied.</summary>
    Denied = 1,

    /// <summary>A child was granted.</summary>
    ChildGranted = 2,

    /// <summary>A child was refused.</summary>
    ChildRefused = 3,

    /// <summary>A certificate was issued to it.</summary>
    Enrolled = 4,

    /// <summary>A certificate was refused.</summary>
    EnrolmentRefused = 5,
}

/// <summary>One thing that an agent did, as the appliance saw it. The agent is authenticated: what a stranger claims to be is no event.</summary>
/// <param name="Time">When, by the clock on the wall.</param>
/// <param name="Agent">Its SPIFFE ID.</param>
public sealed record BehaviourEvent(DateTimeOffset Time, string Agent, BehaviourKind Kind)
{
    /// <summary>Who answers for it; empty: not known.</summary>
    public string Owner { get; init; } = "";

    /// <summary>The agent that spawned it; null: none.</summary>
    public string? Parent { get; init; }

    public string? Action { get; init; }

    /// <summary>What the action was on; null: nothing.</summary>
    public string? Resource { get; init; }

    /// <summary>From where it came; null: not known (a Unix socket).</summary>
    public IPAddress? Address { get; init; }

    /// <summary>Why it was refused.</summary>
    public string? Reason { get; init; }

    public bool IsRefusal => Kind is BehaviourKind.Denied or BehaviourKind.ChildRefused or BehaviourKind.EnrolmentRefused;
}
