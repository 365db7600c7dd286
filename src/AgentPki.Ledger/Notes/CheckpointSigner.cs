using System.Text;
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

        _ = NoteKey.Create("probe", key.PublicKey);
        _key = key;
    }

    /// <summary>What verifies this signer's checkpoints of that log and epoch.</summary>
    public NoteKey KeyFor(LedgerHead head) => NoteKey.Create(Checkpoint.OriginOf(head.LogId, head.Epoch), _key.PublicKey);

    /// <summary>Signs the state of a log. Only ever call it with a head that is durable.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign now; the log itself goes on.</exception>
    public async ValueTask<SignedCheckpoint> SignAsync(LedgerHead head, CancellationToken cancellationToken)
    {
        var checkpoint = Checkpoint.Of(head);
        var noteKey = KeyFor(head);
        var text = checkpoint.ToNoteText();
        var signature = await _key.SignAsync(noteKey.Algorithm, Encoding.UTF8.GetBytes(text), cancellationToken);
        return new SignedCheckpoint(checkpoint, new SignedNote(text, [new NoteSignature(noteKey.Name, noteKey.Id, signature)]));
    }
}
