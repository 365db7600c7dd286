using System.Globalization;

namespace AgentPki.Ledger.Verification;

/// <summary>
/// Each entry by itself and against its neighbours: indexes without gaps, epochs that begin where an entry says so, details that are what
/// the leaf commits to. The commitment covers the index, so that a moved entry says where it was.
/// </summary>
internal sealed class EntryCheck(LogId logId, FindingList findings)
{
    /// <summary>How far from its place an entry is looked for.</summary>
    private const int Reach = 16;

    private readonly HashSet<long> _erased = [];
    private readonly List<LedgerRecord> _unmatched = [];
    private long _epoch;

    // While entries were removed or inserted and the rest renumbered: what the recorded index of the following ones differs by.
    private long _shift;

    /// <summary>The entry that began each epoch.</summary>
    public Dictionary<long, LedgerRecord> EpochStarts { get; } = [];

    /// <summary>The index that the next entry must have.</summary>
    public long Next { get; private set; }

    /// <summary>One more than the last index at which anything here was recorded, whatever its number now.</summary>
    public long RecordedEnd => Next + Math.Max(0, _shift);

    public long Epoch => _epoch;

    /// <summary>Number of entries whose details were erased.</summary>
    public long Erased { get; private set; }

    /// <param name="matches">Whether the details are what the leaf commits to at its index (<see cref="LedgerRecord.MatchesCommitment"/>), computed beforehand: it is what takes the time.</param>
    public void Check(LedgerRecord record, bool matches)
    {
        var leaf = record.Leaf;
        if (leaf.Index != Next)
        {
            findings.Add(LedgerFindingKind.Removed, Next, leaf.Index - 1, "there is no such entry");
            Next = leaf.Index;
        }

        Next++;
        if (leaf.LogId != logId)
        {
            findings.Add(LedgerFindingKind.Changed, leaf.Index, $"it is of log {leaf.LogId}, not of {logId}");
        }

        CheckEpoch(record);
        if (record.IsErased)
        {
            _erased.Add(leaf.Index);
            Erased++;
        }
        else
        {
            CheckDetails(record, matches);
        }

        if (leaf.Kind == LedgerEntryKind.DetailsErased && record.Details is { } details && details.Facts.TryGetValue(LedgerFacts.Leaf, out var text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var erased))
        {
            _erased.Remove(erased);
        }
    }

    /// <summary>After the last entry: what could only be told then.</summary>
    public void Finish()
    {
        foreach (var record in _unmatched)
        {
            var index = record.Leaf.Index;
            var candidates = _unmatched.Select(other => other.Leaf.Index).Concat(Enumerable.Range(-Reach, (2 * Reach) + 1).Select(distance => index + distance));
            var origin = candidates.Where(candidate => Matches(record, candidate)).Select(candidate => (long?)candidate).FirstOrDefault();
            if (origin is { } from)
            {
                findings.Add(LedgerFindingKind.Reordered, index, $"what stands here was recorded as entry {from}");
            }
            else
            {
                findings.Add(LedgerFindingKind.Changed, index, record.Details is null ? "its details are damaged" : "its leaf and its details do not belong together");
            }
        }

        foreach (var index in _erased.Order())
        {
            findings.Add(LedgerFindingKind.ErasedUnexplained, index, "its details are gone, and no entry says that they were erased");
        }
    }

    private void CheckEpoch(LedgerRecord record)
    {
        var leaf = record.Leaf;
        var begins = leaf.Kind == LedgerEntryKind.EpochStarted;
        var expected = begins ? _epoch + 1 : _epoch;
        if (leaf.Epoch != expected || (leaf.Index == 0 && !begins))
        {
            findings.Add(LedgerFindingKind.EpochBroken, leaf.Index, leaf.Index == 0 ? "the log does not begin with the beginning of epoch 1" : $"it says epoch {leaf.Epoch} where epoch {expected} is");
        }

        _epoch = Math.Max(_epoch, leaf.Epoch);
        if (begins)
        {
            EpochStarts[leaf.Epoch] = record;
        }
    }

    private void CheckDetails(LedgerRecord record, bool matches)
    {
        var index = record.Leaf.Index;
        if (_shift == 0 ? matches : Matches(record, index + _shift))
        {
            return;
        }

        for (var distance = 1; distance <= Reach; distance++)
        {
            foreach (var shift in new[] { distance, -distance })
            {
                // One entry that matches elsewhere may have changed places with another; two in a row that are shifted alike are a renumbering.
                if (Matches(record, index + shift) && _unmatched is [.., { } previous] && previous.Leaf.Index == index - 1 && Matches(previous, index - 1 + shift))
                {
                    _unmatched.RemoveAt(_unmatched.Count - 1);
                    ReportShift(index - 1, shift);
                    return;
                }
            }
        }

        if (_unmatched.Count < LedgerVerifier.MaxFindings)
        {
            _unmatched.Add(record);
        }
        else
        {
            findings.Add(LedgerFindingKind.Changed, index, "its leaf and its details do not belong together");
        }
    }

    private void ReportShift(long from, long shift)
    {
        var moved = shift - _shift;
        if (moved > 0)
        {
            findings.Add(LedgerFindingKind.Removed, from + _shift, from + shift - 1, $"removed, and the entries after it renumbered: what stands at {from} was recorded as {from + shift}");
        }
        else
        {
            findings.Add(LedgerFindingKind.Inserted, from + moved, from - 1, $"inserted, and the entries after it renumbered: what stands at {from} was recorded as {from + shift}");
        }

        _shift = shift;
    }

    private static bool Matches(LedgerRecord record, long index) =>
        record is { Salt: { } salt, EncodedDetails: { } details } && LedgerCommitment.Matches(record.Leaf, index, salt.Span, details.Span);
}
