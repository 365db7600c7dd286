using System.Runtime.CompilerServices;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : ILedgerStore
{
    public ValueTask<LedgerHead> HeadAsync(CancellationToken cancellationToken)
    {
        lock (_writing)
        {
            return new(new LedgerHead(_logId, _state.LogEpoch, _frontier.Size, _frontier.Root()));
        }
    }

    public ValueTask<LedgerExtent> ExtentAsync(CancellationToken cancellationToken)
    {
        var state = _state;
        return new(new LedgerExtent(_logId, state.LogEpoch, state.Ledger.Count));
    }

    public async IAsyncEnumerable<LedgerRecord> ReadAsync(long from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var record in _state.Ledger.Skip((int)from))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return record;
        }

        await ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<string> ReadCheckpointsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var checkpoint in _state.Checkpoints)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return checkpoint.ToString();
        }

        await ValueTask.CompletedTask;
    }

    ValueTask<LedgerRecord?> ILedgerStore.FindAsync(long index, CancellationToken cancellationToken)
    {
        var ledger = _state.Ledger;
        return new(index >= 0 && index < ledger.Count ? ledger[(int)index] : null);
    }

    public ValueTask<SignedCheckpoint?> LatestCheckpointAsync(CancellationToken cancellationToken) =>
        new(_state.Checkpoints.Count == 0 ? null : _state.Checkpoints[^1]);

    public ValueTask<SignedCheckpoint?> LatestCosignedAsync(int witnesses, CancellationToken cancellationToken) =>
        new(_state.Checkpoints.LastOrDefault(c => c.Note.Signatures.Select(s => s.KeyName).Where(name => name != c.Checkpoint.Origin).Distinct().Count() >= witnesses));

    public ValueTask<bool> AddSignaturesAsync(Checkpoint checkpoint, IReadOnlyList<NoteSignature> lines, CancellationToken cancellationToken)
    {
        lock (_writing)
        {
            var at = _state.Checkpoints.FindIndex(c => c.Checkpoint == checkpoint);
            if (at < 0)
            {
                return new(false);
            }

            var kept = _state.Checkpoints[at];
            var own = kept.Note.Signatures.RemoveAll(s => lines.Any(line => line.KeyId == s.KeyId && line.KeyName == s.KeyName));
            _state = _state with { Checkpoints = _state.Checkpoints.SetItem(at, kept with { Note = new SignedNote(kept.Note.Text, own.AddRange(lines)) }) };
            return new(true);
        }
    }

    public async ValueTask AddCheckpointAsync(SignedCheckpoint checkpoint, CancellationToken cancellationToken)
    {
        var body = checkpoint.Checkpoint;
        var ledger = _state.Ledger;
        if (body.Size < 1 || body.Size > ledger.Count || body.Origin != Checkpoint.OriginOf(_logId, ledger[(int)body.Size - 1].Leaf.Epoch)
            || body.Root != await new MerkleProver(this).RootAsync(body.Size, cancellationToken))
        {
            throw new ArgumentException($"The checkpoint of size {body.Size} is not of this log.", nameof(checkpoint));
        }

        lock (_writing)
        {
            if (_state.Checkpoints.Exists(c => c.Note.Text == checkpoint.Note.Text && c.Note.Signatures[0].ToLine() == checkpoint.Note.Signatures[0].ToLine()))
            {
                return;
            }

            var others = _state.Checkpoints.RemoveAll(c => c.Checkpoint.Size == body.Size);
            _state = _state with { Checkpoints = others.Add(checkpoint).Sort((a, b) => a.Checkpoint.Size.CompareTo(b.Checkpoint.Size)) };
        }
    }

    public ValueTask<int> ThinCheckpointsAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        lock (_writing)
        {
            var ledger = _state.Ledger;
            LedgerLeaf LastOf(SignedCheckpoint c) => ledger[(int)c.Checkpoint.Size - 1].Leaf;
            var old = _state.Checkpoints.Where(c => LastOf(c).Time < before).ToList();
            var kept = old.GroupBy(c => (LastOf(c).Epoch, LastOf(c).TimeMilliseconds / 3_600_000))
                .Select(hour => hour.OrderByDescending(c => c.Note.Signatures.Select(s => s.KeyName).Where(n => n != c.Checkpoint.Origin).Distinct().Count()).ThenByDescending(c => c.Checkpoint.Size).First())
                .Concat(old.GroupBy(c => LastOf(c).Epoch).Select(epoch => epoch.MaxBy(c => c.Checkpoint.Size)!)).ToHashSet();
            var going = old.Where(c => !kept.Contains(c)).ToHashSet();
            _state = _state with { Checkpoints = _state.Checkpoints.RemoveAll(going.Contains) };
            return new(going.Count);
        }
    }

    public ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken)
    {
        var ledger = _state.Ledger;
        if (first < 0 || (first + count) << level > ledger.Count)
        {
            throw new InvalidDataException($"The log has no {count} hashes at level {level} from {first}.");
        }

        var hashes = new MerkleHash[count];
        for (var i = 0; i < count; i++)
        {
            var subtree = new MerkleFrontier();
            foreach (var record in ledger.GetRange((int)((first + i) << level), 1 << level))
            {
                subtree.Append(record.Leaf.Hash());
            }

            hashes[i] = subtree.Root();
        }

        return new(hashes);
    }
}
