using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger;

/// <summary>The state of a log: what a checkpoint signs.</summary>
/// <param name="Epoch">The epoch of its last leaf; 1 while empty.</param>
/// <param name="Size">Number of leaves.</param>
public sealed record LedgerHead(LogId LogId, long Epoch, long Size, MerkleHash Root);

/// <summary>Which log it is and how far it claims to go, without looking at its tree.</summary>
public sealed record LedgerExtent(LogId LogId, long Epoch, long Size);
