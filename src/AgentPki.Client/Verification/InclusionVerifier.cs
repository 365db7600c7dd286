using System.Diagnostics.CodeAnalysis;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Verification;

/// <summary>What shows that an entry is in the log: the entry, its path to the root, and a signed checkpoint with that root.</summary>
/// <param name="Path">RFC 9162 §2.1.3 inclusion path for the checkpoint's size.</param>
/// <param name="Checkpoint">The signed note, as text.</param>
public sealed record InclusionProof(LedgerRecord Record, IReadOnlyList<MerkleHash> Path, string Checkpoint)
{
    /// <summary>Of the text that <c>agentpki audit prove</c> and <c>/log/…/proof/INDEX</c> give (C2SP tlog-proof, the leaf in its <c>extra</c> line).</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out InclusionProof? proof, [NotNullWhen(false)] out string? error)
    {
        proof = null;
        if (!TlogProof.TryParse(text, out var parsed, out error))
        {
            return false;
        }

        if (parsed.Record is not { } record || record.Leaf.Index != parsed.Index)
        {
            error = "its extra line is not the leaf of that index";
            return false;
        }

        proof = new InclusionProof(record, parsed.Path, parsed.Checkpoint.ToString());
        return true;
    }
}

/// <summary>What a proof is worth.</summary>
public abstract record InclusionResult
{
    private InclusionResult()
    {
    }

    /// <param name="Index">The entry's place in the log.</param>
    /// <param name="Size">Leaves in the log that the checkpoint speaks of.</param>
    public sealed record Included(long Index, long Size) : InclusionResult;

    /// <param name="Reason">What does not hold.</param>
    public sealed record NotShown(string Reason) : InclusionResult;
}

/// <summary>Verifies, without trusting the appliance's word, that an issuance is in its ledger.</summary>
/// <param name="key">The ledger's checkpoint key, obtained out of band.</param>
/// <param name="origin">The origin line of the log, obtained with the key (<see cref="Checkpoint.OriginOf"/>).</param>
/// <param name="witnesses">Which witnesses are believed, and how many must have cosigned; null: none.</param>
public sealed class InclusionVerifier(PublicKey key, string origin, CryptoProviders providers, CosignaturePolicy? witnesses = null)
{
    private readonly NoteKey _noteKey = NoteKey.Create(origin, key);

    /// <summary>Whether the entry is in the log and is the one that issued <paramref name="certificate"/>.</summary>
    public InclusionResult Verify(Certificate certificate, InclusionProof proof)
    {
        if (Verify(proof) is not InclusionResult.Included included)
        {
            return Verify(proof);
        }

        if (proof.Record.Leaf.Kind != LedgerEntryKind.CertificateIssued)
        {
            return new InclusionResult.NotShown($"the entry is a {proof.Record.Leaf.Kind}, not an issuance");
        }

        return proof.Record.Details?.Facts.GetValueOrDefault(LedgerFacts.CertificateSha256) == Convert.ToHexStringLower(certificate.Fingerprint())
            ? included
            : new InclusionResult.NotShown("the entry is of another certificate");
    }

    /// <summary>Whether the entry, whatever it says, is in the log.</summary>
    public InclusionResult Verify(InclusionProof proof)
    {
        if (!SignedCheckpoint.TryParse(proof.Checkpoint, out var checkpoint, out var error))
        {
            return new InclusionResult.NotShown($"the checkpoint cannot be read: {error}");
        }

        if (checkpoint.Checkpoint.Origin != origin)
        {
            return new InclusionResult.NotShown($"the checkpoint is of the log {checkpoint.Checkpoint.Origin}, not of {origin}");
        }

        if (_noteKey.Verify(checkpoint.Note, providers) != true)
        {
            return new InclusionResult.NotShown("the checkpoint is not signed by the ledger's key");
        }

        if (witnesses?.WhyNot(checkpoint.Note, providers) is { } why)
        {
            return new InclusionResult.NotShown($"of the checkpoint: {why}");
        }

        if (!proof.Record.IsErased && !proof.Record.MatchesCommitment)
        {
            return new InclusionResult.NotShown("the entry's details are not what its leaf commits to");
        }

        var leaf = proof.Record.Leaf;
        return MerkleTree.VerifyInclusion(leaf.Hash(), leaf.Index, checkpoint.Checkpoint.Size, proof.Path, checkpoint.Checkpoint.Root)
            ? new InclusionResult.Included(leaf.Index, checkpoint.Checkpoint.Size)
            : new InclusionResult.NotShown("the path does not lead from the entry to the checkpoint's root");
    }
}
