using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;

namespace AgentPki.Authority.Recovery.Archives;

/// <summary>
/// Says of an archive's header that this log's appliance made it: a note (C2SP signed-note) by the ledger's key. Its first line is no log's origin, so that it can never be
/// taken for a checkpoint. With the header it vouches for the key's commitment, and so for every chunk: whoever has the officers' public keys alone makes no archive of ours.
/// </summary>
public sealed class ArchiveSigner(ISigningKey key)
{
    /// <summary>The text that is signed: what it is, the archive's id, SHA-256 of the header in base64.</summary>
    public static string TextOf(ArchiveHeader header, ReadOnlySpan<byte> encoded) => $"{NameOf(header.Head)}\n{header.Id}\n{Convert.ToBase64String(SHA256.HashData(encoded))}\n";

    /// <exception cref="KeyUnavailableException">The token cannot sign now.</exception>
    public async ValueTask<SignedNote> SignAsync(ArchiveHeader header, ReadOnlyMemory<byte> encoded, CancellationToken cancellationToken)
    {
        var noteKey = NoteKey.Create(NameOf(header.Head), key.PublicKey);
        var text = TextOf(header, encoded.Span);
        return new SignedNote(text, [await noteKey.SignAsync(key, text, DateTimeOffset.UnixEpoch, cancellationToken)]);
    }

    /// <summary>Whether the note is of that header and by that key.</summary>
    public static bool Verify(SignedNote note, ArchiveHeader header, ReadOnlySpan<byte> encoded, PublicKey key, CryptoProviders providers) =>
        note.Text == TextOf(header, encoded) && key.Algorithm.Family is AlgorithmFamily.EdDsa or AlgorithmFamily.Ecdsa && NoteKey.Create(NameOf(header.Head), key).Verify(note, providers) == true;

    private static string NameOf(LedgerHead head) => string.Create(CultureInfo.InvariantCulture, $"agentpki.internal/archive/{head.LogId}/{head.Epoch}");
}
