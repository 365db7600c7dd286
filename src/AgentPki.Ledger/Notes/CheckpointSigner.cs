using AgentPki.Cryptography;

namespace AgentPki.Ledger.Notes;

/// <summary>Signs checkpoints, and nothing else, with a key made for that alone.</summary>
public sealed class CheckpointSigner
{
    private readonly ISigningKey _key;

    /// <exception cref="ArgumentException">The key has another purpose, or is neither Ed25519 nor ECDSA.</exception>
    public CheckpointSigner(ISigningKey key)
    {
        if (key.Purpose != KeyPurpose.LedgerCheckpoint)
        {
            throw new ArgumentException($"Key {key.Reference.Label} is for {key.Purpose}, not for {KeyPurpose.LedgerCheckpoint}.", nameof(key));
        }

        if (NoteKey.Create("probe", key.PublicKey).Type.IsTimestamped)
        {
            throw new ArgumentException($"A checkpoint is signed with Ed25519 or ECDSA first; a key of kind {key.Algorithm} signs beside it.", nameof(key));
        }

        _key = key;
    }

    /// <summary>What verifies this signer's checkpoints of that log and epoch.</summary>
    public NoteKey KeyFor(LedgerHead head) => NoteKey.Create(Checkpoint.OriginOf(head.LogId, head.Epoch), _key.PublicKey);

    /// <summary>Signs the state of a log. Only ever call it with a head that is durable.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign now; the log itself goes on.</exception>
    public async ValueTask<SignedCheckpoint> SignAsync(LedgerHead head, CancellationToken cancellationToken)
    {
        var checkpoint = Checkpoint.Of(head);
        var text = checkpoint.ToNoteText();
        return new SignedCheckpoint(checkpoint, new SignedNote(text, [await KeyFor(head).SignAsync(_key, text, DateTimeOffset.UnixEpoch, cancellationToken)]));
    }
}
