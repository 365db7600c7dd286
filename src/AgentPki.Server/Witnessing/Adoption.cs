using System.Globalization;
using AgentPki.Client.Verification;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Server.Audit;
using AgentPki.Server.Composition;

namespace AgentPki.Server.Witnessing;

/// <summary>
/// Whether the log of a restored appliance is what its operator says: the old log up to the backup, and from there on another. To a witness it is another log by its origin;
/// nothing is moved by machine, but what can be checked is checked before the operator is asked.
/// </summary>
internal static class Adoption
{
    /// <summary>What was found.</summary>
    /// <param name="Problem">Why it is not to be adopted; null: nothing speaks against it.</param>
    /// <param name="Facts">What the operator of the witness shall see.</param>
    internal sealed record Finding(string? Problem, IReadOnlyList<(string Name, string Value)> Facts);

    /// <param name="old">The log that was watched.</param>
    /// <param name="last">The head of it that was cosigned last; null: none was.</param>
    /// <param name="history">Heads of it that were cosigned, oldest first.</param>
    /// <param name="key">Of the new log.</param>
    /// <param name="proof">Of the entry that began the new epoch, with its details (<c>agentpki audit prove INDEX --details</c>).</param>
    public static async Task<Finding> ExamineAsync(
        string old, Checkpoint? last, IEnumerable<Checkpoint> history, NoteKey key, InclusionProof proof, PublishedLedger ledger, CancellationToken cancellationToken)
    {
        var facts = new List<(string, string)> { ("old log", old), ("new log", key.Name) };
        Finding Refused(string problem) => new(problem, facts);

        // 1. The same log, a later epoch.
        if (!Checkpoint.TryParseOrigin(old, out var oldLog, out var oldEpoch) || !Checkpoint.TryParseOrigin(key.Name, out var newLog, out var newEpoch) || oldLog != newLog || newEpoch <= oldEpoch)
        {
            return Refused("it is not a later epoch of the same log");
        }

        // 2. The entry that began it is in the new log, and says what it continues.
        if (new InclusionVerifier(key.PublicKey, key.Name, ProviderList.SoftwareOnly).Verify(proof) is InclusionResult.NotShown(var reason))
        {
            return Refused($"of the entry that began the epoch: {reason}");
        }

        var entry = proof.Record;
        if (entry.Leaf.Kind != LedgerEntryKind.EpochStarted || entry.Leaf.Epoch != newEpoch || entry.Details is not { } details)
        {
            return Refused("the proof is not of the entry that began that epoch, or has no details");
        }

        var size = details.Facts.GetValueOrDefault(LedgerFacts.PreviousSize);
        var root = details.Facts.GetValueOrDefault(LedgerFacts.PreviousRoot);
        facts.Add(("restored from", string.Create(CultureInfo.InvariantCulture, $"{entry.Leaf.Index} entries")));
        facts.Add(("cites as the last head before", size is null ? "none" : $"{size} entries, root {root}"));
        facts.Add(("this witness has seen last", last is null ? "nothing" : string.Create(CultureInfo.InvariantCulture, $"{last.Size} entries, root {last.Root.ToBase64()}")));
        if (last is not null && last.Size > entry.Leaf.Index && (size != last.Size.ToString(CultureInfo.InvariantCulture) || root != last.Root.ToBase64()))
        {
            // More was cosigned than the backup had: that it is lost must have been said.
            return Refused("it does not cite the head that this witness has cosigned last: entries are lost and not owned up to");
        }

        // 3. Up to the backup it is the old log: every head of it that was cosigned is the new tree's own at that size.
        var head = await ledger.HeadAsync(cancellationToken);
        if (key.Verify(head.Note, ProviderList.SoftwareOnly) != true || head.Checkpoint.Origin != key.Name)
        {
            return Refused("what is published is not signed by the new log's key");
        }

        var checkedHeads = 0;
        foreach (var known in history.Where(h => h.Size <= entry.Leaf.Index && h.Size > 0).DistinctBy(h => h.Size).TakeLast(100))
        {
            var path = await ledger.Tiles.ConsistencyProofAsync(known.Size, head.Checkpoint, cancellationToken);
            if (!MerkleTree.VerifyConsistency(known.Size, known.Root, head.Checkpoint.Size, head.Checkpoint.Root, path))
            {
                return Refused(string.Create(CultureInfo.InvariantCulture, $"its first {known.Size} entries are not those that this witness has cosigned"));
            }

            checkedHeads++;
        }

        facts.Add(("cosigned heads that it contains", checkedHeads.ToString(CultureInfo.InvariantCulture)));
        return new Finding(null, facts);
    }
}
