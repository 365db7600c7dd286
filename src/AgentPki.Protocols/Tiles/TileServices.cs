using AgentPki.Ledger;
using AgentPki.Protocols.Http;

namespace AgentPki.Protocols.Tiles;

/// <summary>What the ledger over HTTP needs of the rest of the appliance.</summary>
public sealed record TileServices
{
    public required ILedgerStore Ledger { get; init; }

    public required ClientIdentity Clients { get; init; }

    /// <summary>The share of an address.</summary>
    public required RequestRates Rates { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>Only heads that so many witnesses have cosigned, and the tree up to them; 0: the newest, with the lines it has.</summary>
    public int Quorum { get; init; }

    /// <summary>How long caches may keep tiles and entries, which never change.</summary>
    public TimeSpan CacheLifetime { get; init; } = TimeSpan.FromDays(365);
}
