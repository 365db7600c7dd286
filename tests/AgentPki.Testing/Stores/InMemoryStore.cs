using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Testing.Stores;

/// <summary>
/// A store without a disk that passes the same contract tests as the real one. Its log begins with an EpochStarted leaf at index 0, as
/// a real one does.
/// </summary>
public sealed partial class InMemoryStore : ICommitStore
{
    private readonly Lock _writing = new();
    private readonly LogId _logId = LogId.Generate();
    private MerkleFrontier _frontier = new();
    private volatile InMemoryState _state = new();

    public InMemoryStore(TimeProvider? time = null)
    {
        var now = (time ?? TimeProvider.System).GetUtcNow();
        Apply([new CommitRequest(new LedgerEntry(LedgerEntryKind.EpochStarted, now, "appliance", ImmutableSortedDictionary<string, string>.Empty), [])]);
    }

    /// <summary>When it returns an exception, the next write throws it instead of writing: a full disk, for example.</summary>
    public Func<Exception?>? Fault { get; set; }

    /// <summary>How often <see cref="Apply"/> was called and wrote; the batches of a group commit.</summary>
    public int Batches { get; private set; }

    public IReadOnlyList<CommitOutcome> Apply(IReadOnlyList<CommitRequest> batch)
    {
        lock (_writing)
        {
            if (Fault?.Invoke() is { } fault)
            {
                throw fault;
            }

            var (state, frontier) = (_state, new MerkleFrontier(_frontier));
            var outcomes = new List<CommitOutcome>(batch.Count);
            foreach (var request in batch)
            {
                outcomes.Add(ApplyOne(ref state, frontier, request));
            }

            (_state, _frontier, Batches) = (state, frontier, Batches + 1);
            return outcomes;
        }
    }

    private CommitOutcome ApplyOne(ref InMemoryState state, MerkleFrontier frontier, CommitRequest request)
    {
        try
        {
            var index = frontier.Size;
            var next = InMemoryChanges.Apply(state with { Selected = null }, request, index);
            if (request.Entry is not { } entry)
            {
                state = next;
                return new CommitOutcome.Committed(-1, state.RevocationEpoch) { Selected = next.Selected };
            }

            if (request.Completing is { } complete && next.Selected is { } selected)
            {
                entry = complete(entry, selected);
            }

            next = next with { LogEpoch = entry.Kind == LedgerEntryKind.EpochStarted && index > 0 ? next.LogEpoch + 1 : next.LogEpoch };
            var record = Record(entry, next.LogEpoch, index);
            frontier.Append(record.Leaf.Hash());
            state = next with { Ledger = next.Ledger.Add(record) };
            return new CommitOutcome.Committed(index, state.RevocationEpoch) { Selected = next.Selected };
        }
        catch (InMemoryChanges.ConflictException conflict)
        {
            return new CommitOutcome.Conflict(conflict.Change, conflict.Message);
        }
    }

    private LedgerRecord Record(LedgerEntry entry, long epoch, long index)
    {
        var salt = RandomNumberGenerator.GetBytes(LedgerCommitment.SaltSize);
        var details = LedgerDetails.Of(entry).Encode();
        var time = entry.Time.ToUnixTimeMilliseconds();
        var commitment = LedgerCommitment.Compute(salt, _logId, epoch, index, time, entry.Kind, details);
        return new LedgerRecord(new LedgerLeaf(_logId, epoch, index, time, entry.Kind, commitment), (ReadOnlyMemory<byte>)salt, (ReadOnlyMemory<byte>)details);
    }
}
