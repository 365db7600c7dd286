namespace AgentPki.Agents.Registry;

public enum OwnerKind : byte
{
    /// <summary>Nobody has said so far.</summary>
    Unstated = 0,
    Person = 1,
    Team = 2,
}

public enum OwnerState : byte
{
    Active = 0,

    /// <summary>Answers for nothing any more: its agents are orphans.</summary>
    Left = 1,
}

/// <summary>Who answers for agents.</summary>
/// <param name="Name">As agents and credentials name it.</param>
/// <param name="Contact">How it is reached; null: not stated.</param>
/// <param name="Left">Since when it answers for nothing; null: it is active.</param>
public sealed record OwnerRecord(string Name, OwnerKind Kind, string? Contact, OwnerState State, DateTimeOffset Created, DateTimeOffset? Left);

/// <summary>An owner with what he answers for.</summary>
/// <param name="Agents">His agents that are not retired.</param>
/// <param name="Suspended">Those of them that are suspended.</param>
public sealed record OwnerSummary(OwnerRecord Owner, long Agents, long Suspended);

/// <summary>The rule by which an agent was suspended; what ends the rule's reason makes it active again. The numbers lie in the store.</summary>
public enum SuspensionRule : byte
{
    /// <summary>None: it is not suspended, or a person did it, or a hold.</summary>
    None = 0,
    OwnerLeft = 1,
    ReviewOverdue = 2,
}
