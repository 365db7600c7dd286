using System.Runtime.CompilerServices;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Search;

namespace AgentPki.Ledger;

/// <summary>A log to verify: a store, a store opened read-only, or an export.</summary>
public interface ILedgerReader
{
    /// <summary>Which log this is, and how far it claims to go. Must work however damaged the entries are.</summary>
    ValueTask<LedgerExtent> ExtentAsync(CancellationToken cancellationToken);

    /// <summary>The entries from <paramref name="from"/> on, in the order of their indexes, as one consistent state.</summary>
    IAsyncEnumerable<LedgerRecord> ReadAsync(long from, CancellationToken cancellationToken);

    /// <summary>The entries from <paramref name="from"/> on that somebody looks for, in the order of their indexes, as one consistent state.</summary>
    async IAsyncEnumerable<LedgerRecord> SearchAsync(LedgerQuery query, long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var record in ReadAsync(from, cancellationToken))
        {
            if (query.Matches(record))
            {
                yield return record;
            }
        }
    }

    /// <summary>
    /// Every checkpoint kept, as the text of a signed note with all its lines, in the order of their sizes. Not parsed: a damaged one must be reported, not thrown.
    /// </summary>
    IAsyncEnumerable<string> ReadCheckpointsAsync(CancellationToken cancellationToken);
}

/// <summary>The durable log. Leaves come in only through the commit store, together with the records they explain.</summary>
public interface ILedgerStore : ILedgerReader, IMerkleNodes
{
    /// <summary>The log's state after the last commit: what a checkpoint signs.</summary>
    /// <exception cref="InvalidDataException">An entry or a stored hash is missing.</exception>
    ValueTask<LedgerHead> HeadAsync(CancellationToken cancellationToken);

    /// <summary>The entry of that index, or null beyond the end.</summary>
    ValueTask<LedgerRecord?> FindAsync(long index, CancellationToken cancellationToken);

    /// <summary>The newest checkpoint kept, with the lines that were added to it; or null before the first.</summary>
    ValueTask<SignedCheckpoint?> LatestCheckpointAsync(CancellationToken cancellationToken);

    /// <summary>The newest checkpoint that so many witnesses have cosigned (1 or more); or null.</summary>
    ValueTask<SignedCheckpoint?> LatestCosignedAsync(int witnesses, CancellationToken cancellationToken);

    /// <summary>Keeps a checkpoint, durably, and appends it to the file outside of the store that tells a store set back to an older state.</summary>
    /// <exception cref="ArgumentException">It is of another log, larger than the log, or its root is not the log's at that size.</exception>
    ValueTask AddCheckpointAsync(SignedCheckpoint checkpoint, CancellationToken cancellationToken);

    /// <summary>
    /// Keeps further signature lines of a checkpoint that is kept: the log's second key's (named as the origin) and witnesses' (named otherwise). One of the same key takes the
    /// former's place. Verified by the caller.
    /// </summary>
    /// <returns>False: that checkpoint is not kept here (any more).</returns>
    ValueTask<bool> AddSignaturesAsync(Checkpoint checkpoint, IReadOnlyList<NoteSignature> lines, CancellationToken cancellationToken);

    /// <summary>
    /// Lets go of checkpoints whose last entry is older than <paramref name="before"/>, but for one of each hour: the one that most witnesses have cosigned, the largest of those; and
    /// for the last of each epoch. The file outside of the store is shortened likewise.
    /// </summary>
    /// <returns>How many went.</returns>
    ValueTask<int> ThinCheckpointsAsync(DateTimeOffset before, CancellationToken cancellationToken);
}
