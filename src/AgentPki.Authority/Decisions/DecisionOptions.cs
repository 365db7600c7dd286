using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Cryptography;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Decisions;

/// <summary>How actions are decided here.</summary>
public sealed record DecisionOptions
{
    public required JournalOptions Journal { get; init; }

    /// <summary>The label of the key that signs receipts, without what tells its kind.</summary>
    public required string KeyLabel { get; init; }

    /// <summary>What receipts name as their issuer: the appliance's public URL.</summary>
    public required string Issuer { get; init; }

    /// <summary>Kinds of keys for receipts, the preferred one first; empty: no receipts.</summary>
    public ImmutableArray<KeyAlgorithm> ReceiptKeys { get; init; } = [KeyAlgorithm.EcdsaP256];

    /// <summary>How long an answer permits what it permits.</summary>
    public TimeSpan ReceiptLifetime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How soon decisions are anchored in the ledger.</summary>
    public TimeSpan AnchorInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Globs over the SPIFFE paths of agents that may ask. Nobody gets such a path but by a credential that an operator made for it.</summary>
    public ImmutableArray<string> Callers { get; init; } = ["/guard/**"];

    /// <summary>Profiles whose certificates may ask, whatever the agent is called.</summary>
    public ImmutableArray<string> CallerProfiles { get; init; } = [];

    /// <summary>Certificates whose standing is kept in memory.</summary>
    public int CachedCertificates { get; init; } = 250_000;

    /// <summary>Agents whose behaviour is counted.</summary>
    public int CountedAgents { get; init; } = 200_000;

    /// <summary>Whether that agent may ask for decisions about others.</summary>
    public bool MayAsk(string agentId, string profile) =>
        CallerProfiles.Contains(profile) || (SpiffeId.TryParse(agentId, out var id) && Callers.Any(glob => PathPattern.Matches(glob, id.Path)));
}
