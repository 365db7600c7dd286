using System.Globalization;
using AgentPki.Cryptography;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;

namespace AgentPki.Ledger.Witnessing;

/// <summary>A log that a witness watches.</summary>
/// <param name="Keys">Whose signatures make a head the log's: one is enough.</param>
public sealed record WitnessedLog(string Origin, IReadOnlyList<NoteKey> Keys);

/// <summary>Whether a witness may cosign: C2SP tlog-witness v1.0.0 and its main branch of 2026-07-22, "add-checkpoint", check by check. No I/O, no clock, no state.</summary>
public static class WitnessRules
{
    /// <param name="log">The log of the request's origin; null when there is none.</param>
    /// <param name="last">The head of that log that was cosigned last; null before the first.</param>
    public static WitnessVerdict Judge(WitnessRequest request, WitnessedLog? log, Checkpoint? last, CryptoProviders providers)
    {
        // "If the checkpoint origin is unknown, the witness MUST respond with a 404."
        var head = request.Checkpoint.Checkpoint;
        if (log is null || log.Origin != head.Origin)
        {
            return new WitnessVerdict.UnknownLog();
        }

        // "403 … if either no signature from a trusted key for the origin is present, or a signature line's key name and ID match a trusted key but the signature itself fails."
        var verdicts = log.Keys.Select(key => key.Verify(request.Checkpoint.Note, providers)).ToList();
        if (verdicts.Contains(false) || !verdicts.Contains(true))
        {
            return new WitnessVerdict.NotSigned(verdicts.Contains(false) ? "a signature that claims to be the log's is not" : "no key that is known for this log has signed it");
        }

        // "The old size MUST be equal to or lower than the checkpoint size. Otherwise … 400."
        if (request.OldSize > head.Size)
        {
            return new WitnessVerdict.Malformed(string.Create(CultureInfo.InvariantCulture, $"the old size, {request.OldSize}, is above the checkpoint's, {head.Size}"));
        }

        // "The witness MUST check that the old size matches the size of the latest checkpoint … 409."
        var fork = last is not null && last.Size == head.Size && last.Root != head.Root;
        if (request.OldSize != (last?.Size ?? 0))
        {
            return new WitnessVerdict.Behind(last?.Size ?? 0, fork);
        }

        // "A checkpoint of size zero MUST have the root hash of the empty tree … 422."
        if (head.Size == 0 && head.Root != MerkleTree.EmptyRoot)
        {
            return new WitnessVerdict.Inconsistent("its size is zero and its root is not that of the empty tree", Fork: false);
        }

        // "If the old size matches the checkpoint size, the witness MUST check that the root hashes are also identical … 422."
        if (fork)
        {
            return new WitnessVerdict.Inconsistent(string.Create(CultureInfo.InvariantCulture, $"two heads of {head.Size} entries are signed, with different roots: the log was forked"), Fork: true);
        }

        // "If the proof is not empty when the old size is zero, or if a Merkle Consistency Proof doesn't verify … 422."
        return MerkleTree.VerifyConsistency(request.OldSize, last?.Root ?? MerkleTree.EmptyRoot, head.Size, head.Root, request.Proof)
            ? new WitnessVerdict.Extends()
            : new WitnessVerdict.Inconsistent(string.Create(CultureInfo.InvariantCulture, $"the proof does not lead from the {request.OldSize} entries that were seen last to these {head.Size}"), Fork: false);
    }
}
