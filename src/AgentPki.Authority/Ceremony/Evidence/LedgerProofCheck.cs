using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Whether the ledger holds the end of the ceremony: entry, commitment, the way to the head, the head's signature.</summary>
internal sealed class LedgerProofCheck(EvidenceFolder folder, CryptoProviders providers, Action<string> problem, Action<string> remark)
{
    public void Run(CeremonyPlan plan, string head)
    {
        if (!Directory.Exists(folder.Ledger) || Read("leaf.bin") is not { } leafOctets || Read("salt.bin") is not { } salt || Read("details.bin") is not { } details || Read("proof.txt") is not { } proofText)
        {
            problem("the ledger's proof is not here: the ceremony was not sealed");
            return;
        }

        if (!LedgerLeaf.TryDecode(leafOctets, out var leaf) || leaf.Kind != LedgerEntryKind.CeremonyClosed || !LedgerCommitment.Matches(leaf, salt, details) || !LedgerDetails.TryDecode(details, out var decoded))
        {
            problem("the ledger's entry is not the end of a ceremony, or its details are not what the leaf commits to: it was changed");
            return;
        }

        if (decoded.Facts.GetValueOrDefault(AuditDetails.Ceremony) != plan.Id || decoded.Facts.GetValueOrDefault(AuditDetails.PlanSha256) != plan.Sha256 || decoded.Facts.GetValueOrDefault(AuditDetails.HeadSha256) != head)
        {
            problem("the ledger's entry is of another ceremony, plan or transcript");
        }

        if (!FactSheet.TryParse(proofText, out var sheet, out _) || sheet["index"] != leaf.Index.ToString(CultureInfo.InvariantCulture))
        {
            problem("ledger/proof.txt is not the proof of that entry");
            return;
        }

        if (sheet["size"] is null)
        {
            remark("the ledger had no checkpoint key: no signed head covers the end of the ceremony yet");
            return;
        }

        CheckPath(leaf, sheet);
    }

    private void CheckPath(LedgerLeaf leaf, FactSheet sheet)
    {
        if (Read("checkpoint.txt") is not { } note || Read("key.pem") is not { } pem
            || !SignedCheckpoint.TryParse(System.Text.Encoding.UTF8.GetString(note), out var checkpoint, out _)
            || PemBlocks.Read(System.Text.Encoding.UTF8.GetString(pem), "PUBLIC KEY").ToList() is not [var der] || !PublicKey.TryParse(der, out var key, out _))
        {
            problem("the ledger's checkpoint or its key is missing or cannot be read");
            return;
        }

        var path = new List<MerkleHash>();
        for (var i = 1; sheet[$"path.{i}"] is { Length: 64 } hash && hash.All(char.IsAsciiHexDigitLower); i++)
        {
            path.Add(new MerkleHash(Convert.FromHexString(hash)));
        }

        if (checkpoint.Checkpoint.Origin != Checkpoint.OriginOf(leaf.LogId, leaf.Epoch) || sheet["size"] != checkpoint.Checkpoint.Size.ToString(CultureInfo.InvariantCulture)
            || !MerkleTree.VerifyInclusion(leaf.Hash(), leaf.Index, checkpoint.Checkpoint.Size, path, checkpoint.Checkpoint.Root))
        {
            problem("the ledger's entry is not under its checkpoint");
        }

        if (NoteKey.Create(checkpoint.Checkpoint.Origin, key).Verify(checkpoint.Note, providers) != true)
        {
            problem("the ledger's checkpoint is not signed by its key");
        }
    }

    private byte[]? Read(string name)
    {
        var path = Path.Combine(folder.Ledger, name);
        return File.Exists(path) ? File.ReadAllBytes(path) : null;
    }
}
