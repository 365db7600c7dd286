using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Whether the ledger holds the end of the ceremony: entry, commitment, the way to the head, the head's signature.</summary>
/// <param name="read">A file of the folder, or null when it is missing (which is a problem already).</param>
internal sealed class LedgerProofCheck(EvidenceFolder folder, CryptoProviders providers, Func<string, byte[]?> read, Action<string> problem, Action<string> remark)
{
    /// <param name="minutes">SHA-256 of the minutes.</param>
    /// <param name="checkpointKey">SHA-256 of the checkpoint key that this ceremony made; null: it made none.</param>
    public void Run(CeremonyPlan plan, string head, string minutes, string? checkpointKey)
    {
        if (Read("leaf.bin") is not { } leafOctets || Read("salt.bin") is not { } salt || Read("details.bin") is not { } details || Read("proof.txt") is not { } proofText)
        {
            problem("the ledger's proof is not here: the ceremony was not sealed");
            return;
        }

        if (!LedgerLeaf.TryDecode(leafOctets, out var leaf) || leaf.Kind != LedgerEntryKind.CeremonyClosed || !LedgerCommitment.Matches(leaf, salt, details) || !LedgerDetails.TryDecode(details, out var decoded))
        {
            problem("the ledger's entry is not the end of a ceremony, or its details are not what the leaf commits to: it was changed");
            return;
        }

        foreach (var (name, value) in new[]
        {
            (AuditDetails.Ceremony, plan.Id), (AuditDetails.PlanSha256, plan.Sha256), (AuditDetails.HeadSha256, head), (AuditDetails.MinutesSha256, minutes), (AuditDetails.State, LedgerSeal.StateOf(plan)),
        })
        {
            if (decoded.Facts.GetValueOrDefault(name) != value)
            {
                problem($"the ledger's entry is of another ceremony, plan or transcript ({name})");
            }
        }

        if (!FactSheet.TryParse(proofText, out var sheet, out _) || sheet.Kind != LedgerSeal.ProofKind || sheet["index"] != leaf.Index.ToString(CultureInfo.InvariantCulture))
        {
            problem("ledger/proof.txt is not the proof of that entry");
        }
        else if (sheet["size"] is not null)
        {
            CheckPath(leaf, sheet, checkpointKey);
        }
        else if (checkpointKey is not null)
        {
            problem("this ceremony made the ledger's checkpoint key, and no signed head covers its end");
        }
        else
        {
            remark("the ledger had no checkpoint key: no signed head covers the end of the ceremony yet");
        }
    }

    private void CheckPath(LedgerLeaf leaf, FactSheet sheet, string? checkpointKey)
    {
        if (Read("checkpoint.txt") is not { } note || Read("key.pem") is not { } pem)
        {
            return;
        }

        if (!SignedCheckpoint.TryParse(System.Text.Encoding.UTF8.GetString(note), out var checkpoint, out _) || ReadKey(pem) is not { } key)
        {
            problem("the ledger's checkpoint or its key cannot be read");
            return;
        }

        var path = new List<MerkleHash>();
        for (var i = 1; sheet[$"path.{i}"] is { Length: 64 } hash && hash.All(char.IsAsciiHexDigitLower); i++)
        {
            path.Add(new MerkleHash(Convert.FromHexString(hash)));
        }

        if (checkpoint.Checkpoint.Origin != Checkpoint.OriginOf(leaf.LogId, leaf.Epoch) || !LedgerSeal.ProofOf(leaf.Index, checkpoint.Checkpoint.Size, path).Encode().AsSpan().SequenceEqual(sheet.Encode())
            || !MerkleTree.VerifyInclusion(leaf.Hash(), leaf.Index, checkpoint.Checkpoint.Size, path, checkpoint.Checkpoint.Root))
        {
            problem("the ledger's entry is not under its checkpoint");
        }
        else if (NoteKey.Create(checkpoint.Checkpoint.Origin, key).Verify(checkpoint.Note, providers) != true)
        {
            problem("the ledger's checkpoint is not signed by its key");
        }
        else if (checkpointKey is null)
        {
            remark($"the ledger's head is signed by a key that was not made in this ceremony: compare its SHA-256 {Convert.ToHexStringLower(key.Fingerprint())} with the one that the ledger's readers have");
        }
        else if (checkpointKey != Convert.ToHexStringLower(key.Fingerprint()))
        {
            problem("the ledger's checkpoint is signed by another key than the one that this ceremony made");
        }
    }

    /// <summary>A key as <see cref="LedgerSeal"/> writes it, of a kind that signs notes; otherwise null.</summary>
    private static PublicKey? ReadKey(byte[] pem)
    {
        var text = System.Text.Encoding.UTF8.GetString(pem);
        return PemBlocks.Read(text, "PUBLIC KEY").ToList() is [var der] && PublicKey.TryParse(der, out var key, out _) && key.Algorithm.Family is AlgorithmFamily.EdDsa or AlgorithmFamily.Ecdsa && PemEncoding.WriteString("PUBLIC KEY", der) + "\n" == text
            ? key
            : null;
    }

    private byte[]? Read(string name) => read(Path.Combine(folder.Ledger, name));
}
