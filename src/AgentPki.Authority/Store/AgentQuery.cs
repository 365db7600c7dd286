using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Agents.Registry;

namespace AgentPki.Authority.Store;

/// <summary>Which agents somebody asks for. Everything that is given must hold.</summary>
public sealed record AgentQuery
{
    /// <summary>Of one of these owners; null: of any.</summary>
    public ImmutableArray<string>? Owners { get; init; }

    public AgentState? State { get; init; }

    public RiskTier? Tier { get; init; }

    /// <summary>Children of that agent.</summary>
    public string? Parent { get; init; }

    /// <summary>Descendants of that agent, of any generation.</summary>
    public string? Beneath { get; init; }

    /// <summary>That came after that one.</summary>
    public string? CameAfter { get; init; }

    /// <summary>Nobody's children who have children.</summary>
    public bool HeadsOfFamilies { get; init; }

    /// <summary>Whose owner left then or before.</summary>
    public DateTimeOffset? LeftUntil { get; init; }

    /// <summary>Whose review was to be made before that day.</summary>
    public DateOnly? ReviewBefore { get; init; }

    /// <summary>Without a date for a review.</summary>
    public bool Unscheduled { get; init; }

    public bool WithoutRetired { get; init; }

    /// <summary>Those that come after that one; one that is not there: none.</summary>
    public string? After { get; init; }

    /// <summary>In the order in which they came; else newest first.</summary>
    public bool OldestFirst { get; init; }
}

/// <summary>Where a page of certificates goes on: after the one of that CA and serial number.</summary>
public sealed record CertificateCursor(string Authority, ReadOnlyMemory<byte> Serial);

/// <summary>What an agent has of certificates that have not ended.</summary>
public sealed record CertificateTally(long Good, long Held, long Revoked);
