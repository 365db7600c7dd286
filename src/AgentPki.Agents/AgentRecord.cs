using AgentPki.Agents.Registry;

namespace AgentPki.Agents;

public enum AgentState : byte
{
    Active = 0,
    Suspended = 1,
    Retired = 2,
}

/// <summary>An agent the appliance vouches for.</summary>
/// <param name="Id">Its SPIFFE ID, the whole URI; the name it has everywhere.</param>
/// <param name="Owner">Who answers for it: as registered, else the owner of the credential that enrolled it, or of its parent.</param>
/// <param name="Profile">The profile of its first certificate; empty: it has none yet.</param>
/// <param name="Parent">The agent that spawned it; null: none.</param>
public sealed record AgentRecord(string Id, string Owner, string Profile, AgentState State, DateTimeOffset Registered, string? Parent = null)
{
    /// <summary>Whether it is suspended by a hold (certificateHold) alone, the end of which makes it active again.</summary>
    public bool IsHeld { get; init; }

    /// <summary>The rule that suspended it, and nothing else: the end of its reason makes it active again.</summary>
    public SuspensionRule SuspendedBy { get; init; }

    /// <summary>What the registry says of it.</summary>
    public AgentRegistration Registration { get; init; } = AgentRegistration.Unclaimed;
}
