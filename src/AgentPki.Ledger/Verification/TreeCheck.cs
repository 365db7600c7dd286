using System.Globalization;
using AgentPki.Cryptography;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Ledger.Verification;

/// <summary>The tree computed anew from the leaves, against every signed checkpoint and every stored hash.</summary>
internal sealed class TreeCheck
{
    /// <summary>Fewer notes are not worth other threads.</summary>
    private const int ManyNotes = 64;

    private readonly record struct Anchor(Checkpoint Checkpoint, long Epoch, string Source, IReadOnlyCollection<string> Witnesses);

    private readonly LogId _logId;
    private readonly FindingList _findings;
    private readonly CosignaturePolicy _witnesses;
    private readonly SortedDictionary<string, long> _witnessed = new(StringComparer.Ordinal);
    private readonly Queue<Anchor> _anchors;
    private readonly Queue<(int Level, long Position, MerkleHash Hash)> _completed = [];
    private readonly List<(int Level, long Position)> _wrongNodes = [];
    private readonly List<(Anchor Anchor, long LeafEpoch)> _lost = [];
    private readonly MerkleFrontier _frontier = new();
    private readonly Action<int, long, MerkleHash> _keepCompleted;
    private (Anchor Anchor, long First)? _diverged;

    public TreeCheck(LogId logId, IReadOnlyCollection<(string Note, string Source)> notes, IReadOnlyList<PublicKey> trusted, CosignaturePolicy witnesses, CryptoProviders providers, FindingList findings)
    {
        (_logId, _findings, _witnesses) = (logId, findings, witnesses);
        _keepCompleted = (level, position, hash) =>
        {
            if (level % MerkleProver.LevelStep == 0)
            {
                _completed.Enqueue((level, position, hash));
            }
        };
        var judged = notes.Count < ManyNotes ? notes.Select(note => Judge(note.Note, note.Source, trusted, providers))
            : notes.AsParallel().AsOrdered().Select(note => Judge(note.Note, note.Source, trusted, providers)).ToList();
        var anchors = new List<Anchor>();
        foreach (var (anchor, problem) in judged)
        {
            if (problem is not null)
            {
                findings.Add(LedgerFindingKind.CheckpointInvalid, null, null, problem);
            }
            else
            {
                anchors.Add(anchor);
            }
        }

        anchors.Sort((left, right) => left.Checkpoint.Size.CompareTo(right.Checkpoint.Size));
        _anchors = new Queue<Anchor>(anchors);
        while (_anchors.TryPeek(out var empty) && empty.Checkpoint.Size == 0)
        {
            _anchors.Dequeue();
        }
    }

    public long Size => _frontier.Size;

    public MerkleHash Root => _frontier.Root();

    public long Verified { get; private set; }

    /// <summary>Entries under the last checkpoint that held.</summary>
    public long Covered { get; private set; }

    /// <summary>Entries under the last checkpoint that held and that enough witnesses have cosigned; with a quorum of none, that any has.</summary>
    public long Witnessed { get; private set; }

    /// <summary>Up to which size each known witness has cosigned what held.</summary>
    public IReadOnlyDictionary<string, long> WitnessedBy => _witnessed;

    public async ValueTask AppendAsync(LedgerLeaf leaf, MerkleHash leafHash, IMerkleNodes? stored, CancellationToken cancellationToken)
    {
        _frontier.Append(leafHash, _keepCompleted);
        while (_completed.TryDequeue(out var node))
        {
            if (stored is not null && !await IsStoredAsync(stored, node.Level, node.Position, node.Hash, cancellationToken))
            {
                _wrongNodes.Add((node.Level, node.Position));
            }
        }

        while (_anchors.TryPeek(out var anchor) && anchor.Checkpoint.Size <= _frontier.Size)
        {
            _anchors.Dequeue();
            Compare(anchor, leaf.Epoch);
        }
    }

    /// <summary>After the last entry: checkpoints over more than there is, and what restores lost.</summary>
    public IEnumerable<string> Finish(EntryCheck entries)
    {
        while (_anchors.TryDequeue(out var anchor))
        {
            if (anchor.Checkpoint.Size > entries.RecordedEnd)
            {
                _lost.Add((anchor, entries.Epoch));
            }
            else
            {
                _diverged ??= (anchor, Covered);
            }
        }

        if (_witnesses.Quorum > 0 && Witnessed == 0)
        {
            _findings.Add(LedgerFindingKind.NotWitnessed, null, null, $"no checkpoint that holds was cosigned by {_witnesses.Quorum} of the witnesses that are believed");
        }

        ReportDivergence();
        foreach (var (anchor, _) in _lost.Where(lost => lost.LeafEpoch <= lost.Anchor.Epoch).TakeLast(1))
        {
            _findings.Add(LedgerFindingKind.Truncated, _frontier.Size, anchor.Checkpoint.Size - 1, $"{anchor.Source} was signed over {anchor.Checkpoint.Size} entries, and there are {_frontier.Size}");
        }

        var shown = new HashSet<long>();
        foreach (var group in _lost.Where(lost => lost.LeafEpoch > lost.Anchor.Epoch).GroupBy(lost => lost.Anchor.Epoch))
        {
            shown.Add(group.Key);
            if (Restore(group.MaxBy(lost => lost.Anchor.Checkpoint.Size).Anchor, entries) is { } restore)
            {
                yield return restore;
            }
        }

        // And what restores own up to, though no head of it is at hand here.
        foreach (var (epoch, start) in entries.EpochStarts.Where(s => !shown.Contains(s.Key - 1) && CitedBy(s.Value) > s.Value.Leaf.Index).OrderBy(s => s.Key))
        {
            yield return Loss(epoch, start);
        }
    }

    /// <summary>When an entry is known to be wrong, that is the reason for a head that differs; otherwise stored hashes may tell where it is.</summary>
    private void ReportDivergence()
    {
        if (_diverged is not { } diverged)
        {
            // Every checkpoint holds: then it is the stored hash that is wrong.
            foreach (var (level, position) in _wrongNodes)
            {
                _findings.Add(LedgerFindingKind.TreeHashChanged, position << level, ((position + 1) << level) - 1, $"the stored hash of level {level} at {position} is not that of these entries");
            }
        }
        else if (!_findings.Touches(diverged.First, diverged.Anchor.Checkpoint.Size - 1))
        {
            var (first, last) = Narrow(diverged.First, diverged.Anchor.Checkpoint.Size - 1);
            _findings.Add(LedgerFindingKind.Changed, first, last, $"one or more of them are not what {diverged.Anchor.Source} of size {diverged.Anchor.Checkpoint.Size} was signed over");
        }
    }

    private void Compare(Anchor anchor, long leafEpoch)
    {
        if (leafEpoch > anchor.Epoch)
        {
            // Signed in an earlier epoch over entries that a restore has lost since.
            _lost.Add((anchor, leafEpoch));
        }
        else if (anchor.Checkpoint.Root == _frontier.Root() && leafEpoch == anchor.Epoch)
        {
            (Verified, Covered) = (Verified + 1, anchor.Checkpoint.Size);
            foreach (var witness in anchor.Witnesses)
            {
                _witnessed[witness] = anchor.Checkpoint.Size;
            }

            if (anchor.Witnesses.Count >= Math.Max(1, _witnesses.Quorum))
            {
                Witnessed = anchor.Checkpoint.Size;
            }
        }
        else
        {
            // All later ones differ for the same reason.
            _diverged ??= (anchor, Covered);
        }
    }

    private (long First, long Last) Narrow(long first, long last)
    {
        foreach (var (level, position) in _wrongNodes.Where(node => node.Level == MerkleProver.LevelStep))
        {
            var (from, to) = (Math.Max(first, position << level), Math.Min(last, ((position + 1) << level) - 1));
            if (from <= to)
            {
                return (from, to);
            }
        }

        return (first, last);
    }

    /// <summary>The size of the epoch before, as an entry that begins one says it; 0: it does not.</summary>
    private static long CitedBy(LedgerRecord start) =>
        start.Details?.Facts.GetValueOrDefault(LedgerFacts.PreviousSize) is { } text && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) ? size : 0;

    private static string Loss(long epoch, LedgerRecord start) => $"the restore that began epoch {epoch} lost entries {start.Leaf.Index} to {CitedBy(start) - 1} of epoch {epoch - 1}";

    private string? Restore(Anchor anchor, EntryCheck entries)
    {
        var next = entries.EpochStarts.GetValueOrDefault(anchor.Epoch + 1);
        if (next is not null && CitedBy(next) >= anchor.Checkpoint.Size)
        {
            return Loss(anchor.Epoch + 1, next);
        }

        _findings.Add(
            LedgerFindingKind.Truncated,
            next?.Leaf.Index,
            anchor.Checkpoint.Size - 1,
            $"{anchor.Source} of epoch {anchor.Epoch} was signed over {anchor.Checkpoint.Size} entries, and the next epoch began without saying that they were lost");
        return null;
    }

    private (Anchor Anchor, string? Problem) Judge(string note, string source, IReadOnlyList<PublicKey> trusted, CryptoProviders providers)
    {
        if (!SignedCheckpoint.TryParse(note, out var signed, out var error))
        {
            return (default, $"{source} is damaged: {error}");
        }

        var checkpoint = signed.Checkpoint;
        if (!Checkpoint.TryParseOrigin(checkpoint.Origin, out var logId, out var epoch) || logId != _logId)
        {
            return (default, $"{source} of size {checkpoint.Size} is of another log: {checkpoint.Origin}");
        }

        var verdicts = trusted.Select(key => NoteKey.Create(checkpoint.Origin, key).Verify(signed.Note, providers)).ToList();
        if (trusted.Count > 0 && (verdicts.Contains(false) || !verdicts.Contains(true)))
        {
            return (default, $"{source} of size {checkpoint.Size}: {(verdicts.Contains(false) ? "its signature does not verify" : "it is signed by no trusted key")}");
        }

        return _witnesses.Verify(signed.Note, providers) is { } witnesses
            ? (new Anchor(checkpoint, epoch, source, witnesses), null)
            : (default, $"{source} of size {checkpoint.Size}: a cosignature that claims to be a known witness's does not verify");
    }

    private static async ValueTask<bool> IsStoredAsync(IMerkleNodes stored, int level, long position, MerkleHash hash, CancellationToken cancellationToken)
    {
        try
        {
            return (await stored.ReadHashesAsync(level, position, 1, cancellationToken))[0] == hash;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
