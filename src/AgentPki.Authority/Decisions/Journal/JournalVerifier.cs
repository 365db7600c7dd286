using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Authority.Decisions.Journal;

/// <summary>What an entry of the ledger says of a decision log.</summary>
public sealed record JournalAnchor(long Leaf, string Node, long First, long Count, string Root, string Head)
{
    public long Last => First + Count - 1;

    /// <summary>The entry's facts; null: it is none of that kind, or its details were erased.</summary>
    public static JournalAnchor? Of(LedgerRecord record)
    {
        if (record.Leaf.Kind != LedgerEntryKind.DecisionsAnchored || record.Details?.Facts is not { } facts)
        {
            return null;
        }

        return facts.TryGetValue(AuditDetails.Node, out var node) && facts.TryGetValue(AuditDetails.First, out var first) && facts.TryGetValue(AuditDetails.Records, out var count)
            && facts.TryGetValue(AuditDetails.Root, out var root) && facts.TryGetValue(AuditDetails.HeadSha256, out var head)
            && long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var from) && long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var records)
            ? new JournalAnchor(record.Leaf.Index, node, from, records, root, head)
            : null;
    }
}

/// <summary>What came of verifying a decision log.</summary>
/// <param name="Findings">What is wrong, a sentence each; empty: it is whole.</param>
/// <param name="First">The first line that is there; earlier ones may have been moved away.</param>
/// <param name="Unanchored">Lines at the end that no entry of the ledger vouches for yet; the log's own line about the last anchor is always one.</param>
/// <param name="LastDecision">The last line that is a decision; 0: none is.</param>
public sealed record JournalVerification(IReadOnlyList<string> Findings, long First, long Last, long Anchored, long Unanchored, long LastDecision)
{
    /// <summary>Whether the ledger vouches for every decision that is there.</summary>
    public bool IsAnchored => LastDecision <= Anchored;
}

/// <summary>Holds the files of a decision log against each other and against what the ledger says of them. Needs no server.</summary>
public static class JournalVerifier
{
    private const int MostFindings = 100;

    /// <param name="anchors">What the ledger says of that node, in its order.</param>
    public static async Task<JournalVerification> VerifyAsync(string folder, IReadOnlyList<JournalAnchor> anchors, CancellationToken cancellationToken)
    {
        var findings = new List<string>();
        var (first, last, decision, previous) = (0L, 0L, 0L, "");
        var waiting = new Queue<JournalAnchor>(anchors.OrderBy(a => a.First).ThenBy(a => a.Leaf));
        var open = new List<(JournalAnchor Anchor, MerkleFrontier Tree)>();
        var anchored = 0L;
        foreach (var (_, path) in JournalSegments.List(folder))
        {
            await foreach (var (line, _) in JournalSegments.ReadAsync(path, cancellationToken))
            {
                var hash = MerkleTree.HashLeaf(line);
                if (!JournalLine.TryRead(line, out var sequence, out var before))
                {
                    Add(findings, $"{Path.GetFileName(path)} has a line behind record {last} that is no record");
                    sequence = last + 1;
                }
                else if (first != 0 && sequence != last + 1)
                {
                    Add(findings, $"record {last} is followed by record {sequence}: something was removed or put in");
                }
                else if (first != 0 && before != previous)
                {
                    Add(findings, $"record {last} was changed: record {sequence} cites another one");
                }

                first = first == 0 ? sequence : first;
                (last, previous) = (sequence, hash.ToString());
                decision = JournalState.IsDecision(line) ? sequence : decision;
                while (waiting.TryPeek(out var next) && next.First <= sequence)
                {
                    waiting.Dequeue();
                    if (next.First >= first)
                    {
                        open.Add((next, new MerkleFrontier()));
                    }
                }

                foreach (var (anchor, tree) in open)
                {
                    tree.Append(hash);
                    if (sequence == anchor.Last && (tree.Root().ToString() != anchor.Root || hash.ToString() != anchor.Head || tree.Size != anchor.Count))
                    {
                        Add(findings, $"records {anchor.First} to {anchor.Last} are not those of entry {anchor.Leaf} of the ledger");
                    }
                }

                anchored = open.Where(o => o.Anchor.Last <= sequence).Select(o => o.Anchor.Last).Append(anchored).Max();
                open.RemoveAll(o => o.Anchor.Last <= sequence);
            }
        }

        foreach (var lost in open.Select(o => o.Anchor).Concat(waiting).Where(a => a.Last > last))
        {
            Add(findings, $"the ledger's entry {lost.Leaf} has records up to {lost.Last}, and the log ends with {last}: its end was cut off");
        }

        return new JournalVerification(findings, first, last, anchored, last - Math.Max(anchored, first - 1), decision);
    }

    private static void Add(List<string> findings, string text)
    {
        if (findings.Count < MostFindings)
        {
            findings.Add(text);
        }
    }
}
