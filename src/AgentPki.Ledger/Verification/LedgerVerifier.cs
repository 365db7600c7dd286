using System.Collections.Immutable;
using AgentPki.Cryptography;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Ledger.Verification;

/// <summary>What to verify a log with, besides the log.</summary>
public sealed record LedgerVerifierOptions
{
    /// <summary>The checkpoint keys to trust. Without any, signatures are not looked at and the result says only that the log agrees with itself.</summary>
    public ImmutableArray<PublicKey> TrustedKeys { get; init; } = [];

    /// <summary>Checkpoint notes kept outside of the store (<see cref="CheckpointFile.Split"/>, a witness): what a store that was set back cannot take back.</summary>
    public ImmutableArray<string> ExternalCheckpoints { get; init; } = [];

    /// <summary>The witnesses to believe, and how many of them must have cosigned a head.</summary>
    public CosignaturePolicy Witnesses { get; init; } = CosignaturePolicy.None;

    /// <summary>The records to hold against the entries; null: the log alone.</summary>
    public ILedgerEvidence? Evidence { get; init; }
}

/// <summary>
/// Recomputes a whole log and names every entry that was changed, removed, reordered, inserted or cut off. Needs nothing but what it is given: no
/// token, no running server, no trust in the store.
/// </summary>
/// <remarks>
/// What it can see: anything that disagrees with a trusted checkpoint; anything that disagrees with itself. What it cannot: entries after the last
/// checkpoint (<see cref="LedgerVerification.CoveredSize"/>) rewritten consistently, records included, by somebody who writes the whole database.
/// </remarks>
public static class LedgerVerifier
{
    /// <summary>Findings kept; more are only counted.</summary>
    public const int MaxFindings = 1000;

    /// <param name="progress">Told the number of entries done, now and then.</param>
    public static async Task<LedgerVerification> VerifyAsync(ILedgerReader log, CryptoProviders providers, LedgerVerifierOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        // 1. What is claimed, and what was signed.
        var findings = new FindingList(MaxFindings);
        var claimed = await log.ExtentAsync(cancellationToken);
        var entries = new EntryCheck(claimed.LogId, findings);
        var notes = new List<(string, string)>();
        await foreach (var note in log.ReadCheckpointsAsync(cancellationToken))
        {
            notes.Add((note, "the stored checkpoint"));
        }

        notes.AddRange(options.ExternalCheckpoints.Select(note => (note, "the external checkpoint")));
        var tree = new TreeCheck(claimed.LogId, notes, options.TrustedKeys, options.Witnesses, providers, findings);

        // 2. Records first, entries after them, so that a running server cannot make a record appear without its entry.
        await using var records = options.Evidence is { } evidence ? await RecordCheck.BeginAsync(evidence, claimed.Size, findings, cancellationToken) : null;
        await foreach (var (record, leafHash, matches) in HashedEntries.ReadAsync(log, cancellationToken))
        {
            entries.Check(record, matches);
            await tree.AppendAsync(record.Leaf, leafHash, log as IMerkleNodes, cancellationToken);
            if (records is not null && records.Concerns(record.Leaf))
            {
                await records.CheckAsync(record, cancellationToken);
            }

            if (entries.Next % 10_000 == 0)
            {
                progress?.Report(entries.Next);
            }
        }

        // 3. What only the end can tell.
        entries.Finish();
        var restores = tree.Finish(entries).ToImmutableArray();
        if (records is not null)
        {
            await records.FinishAsync();
        }

        progress?.Report(entries.Next);
        var head = new LedgerHead(claimed.LogId, Math.Max(1, entries.Epoch), tree.Size, tree.Root);
        return new LedgerVerification(head, tree.Verified, tree.Covered, entries.Erased, records?.Certificates ?? 0, restores, findings.ToImmutable(), findings.Count)
        {
            WitnessedSize = tree.Witnessed,
            WitnessedBy = tree.WitnessedBy,
        };
    }
}
