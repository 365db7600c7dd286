using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Authority.Composition;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Search;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>The end of a ceremony in the ledger: its entry, the way from its leaf to a signed head, and the key that verifies that.</summary>
internal sealed record LedgerSeal(LedgerRecord Record, SignedCheckpoint? Checkpoint, PublicKey? CheckpointKey, IReadOnlyList<MerkleHash> Path)
{
    internal const string ProofKind = "agentpki-ledger-proof/1";

    /// <summary>Commits the entry, unless a try before has; signs the head over it where the home has a checkpoint key.</summary>
    public static async ValueTask<LedgerSeal> CommitAsync(
        AuthorityEnvironment environment, string keyPrefix, CeremonyPlan plan, string head, string minutes, IReadOnlyList<string> officers, CancellationToken cancellationToken)
    {
        await using var authority = await OfflineAuthority.OpenAsync(environment, cancellationToken);
        var ledger = environment.Stores.Ledger;
        var record = await FindAsync(ledger, plan.Id, head, cancellationToken);
        if (record is null)
        {
            var entry = new LedgerEntry(LedgerEntryKind.CeremonyClosed, environment.Time.GetUtcNow(), $"ceremony:{plan.Id}", AuditDetails.Of(
                (AuditDetails.Ceremony, plan.Id),
                (AuditDetails.Subject, plan.Title),
                (AuditDetails.PlanSha256, plan.Sha256),
                (AuditDetails.HeadSha256, head),
                (AuditDetails.MinutesSha256, minutes),
                (AuditDetails.Officers, string.Join(' ', officers)),
                (AuditDetails.State, StateOf(plan))));
            await authority.CommitAsync(entry);
            record = await FindAsync(ledger, plan.Id, head, cancellationToken) ?? throw new InvalidOperationException("The ledger does not have the entry that it took.");
        }

        await using var key = await KeySearch.FindAsync(environment.Providers, CeremonyOptions.CheckpointLabel(keyPrefix), null, cancellationToken);
        if (key is null)
        {
            return new LedgerSeal(record, null, null, []);
        }

        var size = await ledger.HeadAsync(cancellationToken);
        var checkpoint = await ledger.LatestCheckpointAsync(cancellationToken);
        if (checkpoint?.Checkpoint != Ledger.Notes.Checkpoint.Of(size))
        {
            checkpoint = await new CheckpointSigner(key).SignAsync(size, cancellationToken);
            await ledger.AddCheckpointAsync(checkpoint, cancellationToken);
        }

        return new LedgerSeal(record, checkpoint, key.PublicKey, await new MerkleProver(ledger).InclusionProofAsync(record.Leaf.Index, size.Size, cancellationToken));
    }

    /// <summary>Puts the proof beside the records: octets that shells hash as they are, and a sheet with the numbers.</summary>
    public void Write(EvidenceFolder folder)
    {
        Directory.CreateDirectory(folder.Ledger);
        void Put(string name, ReadOnlySpan<byte> content) => DurableFile.Write(System.IO.Path.Combine(folder.Ledger, name), content);
        Put("leaf.bin", Record.Leaf.Encode());
        Put("salt.bin", Record.Salt.GetValueOrDefault().Span);
        Put("details.bin", Record.EncodedDetails.GetValueOrDefault().Span);
        if (Checkpoint is not null && CheckpointKey is not null)
        {
            Put("checkpoint.txt", System.Text.Encoding.UTF8.GetBytes(Checkpoint.ToString()));
            Put("key.pem", System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", CheckpointKey.SubjectPublicKeyInfo.Span) + "\n"));
        }

        Put("proof.txt", ProofOf(Record.Leaf.Index, Checkpoint?.Checkpoint.Size, Path).Encode());
    }

    /// <summary>What the entry says about the kind of ceremony.</summary>
    internal static string StateOf(CeremonyPlan plan) => plan.Rehearsal ? "rehearsal" : "held";

    /// <summary>The numbers of a proof as they are written.</summary>
    internal static FactSheet ProofOf(long index, long? size, IReadOnlyList<MerkleHash> path) => FactSheet.Of(
        ProofKind,
        [
            ("index", Text(index)),
            ("size", size is { } covered ? Text(covered) : null),
            .. path.Select((hash, i) => ($"path.{Text(i + 1)}", (string?)Convert.ToHexStringLower(hash.ToByteArray()))),
        ]);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static async ValueTask<LedgerRecord?> FindAsync(ILedgerStore ledger, string ceremony, string head, CancellationToken cancellationToken)
    {
        await foreach (var record in ledger.SearchAsync(new LedgerQuery { Kind = LedgerEntryKind.CeremonyClosed, Text = head }, 0, cancellationToken))
        {
            if (record.Details?.Facts is { } facts && facts.GetValueOrDefault(AuditDetails.Ceremony) == ceremony && facts.GetValueOrDefault(AuditDetails.HeadSha256) == head)
            {
                return record;
            }
        }

        return null;
    }
}
