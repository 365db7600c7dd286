using AgentPki.Cryptography;

namespace AgentPki.Ledger.Notes;

/// <summary>The log's own second signature, ML-DSA-44 beside the classical one, as a line of its own (C2SP tlog-cosignature v1.1.0-rc.1).</summary>
public sealed class CheckpointCosigner
{
    private readonly ISigningKey _key;

    /// <exception cref="ArgumentException">The key has another purpose, or is not ML-DSA-44.</exception>
    public CheckpointCosigner(ISigningKey key)
    {
        if (key.Purpose != KeyPurpose.LedgerCheckpoint || key.Algorithm != KeyAlgorithm.MlDsa44)
        {
            throw new ArgumentException($"Key {key.Reference.Label} is {key.Algorithm} for {key.Purpose}, not {KeyAlgorithm.MlDsa44} for {KeyPurpose.LedgerCheckpoint}.", nameof(key));
        }

        _key = key;
    }

    /// <summary>This key's line for a checkpoint that the log has signed.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign now.</exception>
    public ValueTask<NoteSignature> SignAsync(SignedCheckpoint signed, DateTimeOffset time, CancellationToken cancellationToken) =>
        NoteKey.Create(signed.Checkpoint.Origin, _key.PublicKey).SignAsync(_key, signed.Note.Text, time, cancellationToken);
}
