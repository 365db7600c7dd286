using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;

namespace AgentPki.Ledger.Notes;

/// <summary>
/// A key that signs notes, under a name. Its text form (<c>name+id+base64</c>, the "vkey" of Go's sumdb/note and of the C2SP tools)
/// is what an auditor keeps.
/// </summary>
/// <remarks>
/// C2SP signed-note v1.0.0: the key id is SHA-256(name || 0x0A || type || key)[:4]. For <see cref="NoteSignatureType.Ecdsa"/> alone it is
/// SHA-256(SubjectPublicKeyInfo)[:4], which does not cover the name, and the text form carries the SubjectPublicKeyInfo.
/// </remarks>
public sealed class NoteKey
{
    private NoteKey(string name, PublicKey publicKey, NoteSignatureType type) =>
        (Name, PublicKey, Type, Id) = (name, publicKey, type, IdOf(name, publicKey, type));

    public string Name { get; }

    public PublicKey PublicKey { get; }

    public NoteSignatureType Type { get; }

    /// <summary>The four octets before the signature, as a big-endian number.</summary>
    public uint Id { get; }

    /// <summary>A log's key: Ed25519, ECDSA, or ML-DSA-44 beside one of them.</summary>
    /// <exception cref="ArgumentException">The name cannot stand in a note, or notes have no signature type for this kind of key.</exception>
    public static NoteKey Create(string name, PublicKey key) => Checked(name, key, key.Algorithm.Family switch
    {
        AlgorithmFamily.EdDsa when key.Algorithm == KeyAlgorithm.Ed25519 => NoteSignatureType.Ed25519,
        AlgorithmFamily.Ecdsa => NoteSignatureType.Ecdsa,
        AlgorithmFamily.MlDsa when key.Algorithm == KeyAlgorithm.MlDsa44 => NoteSignatureType.MlDsa44,
        _ => throw new ArgumentException($"A log signs notes with Ed25519, ECDSA or ML-DSA-44, not with a key of kind {key.Algorithm}.", nameof(key)),
    });

    /// <summary>A witness's key: Ed25519 or ML-DSA-44.</summary>
    /// <exception cref="ArgumentException">The name cannot stand in a note, or cosignatures have no type for this kind of key.</exception>
    public static NoteKey CreateCosigner(string name, PublicKey key) => Checked(name, key, key.Algorithm switch
    {
        var algorithm when algorithm == KeyAlgorithm.Ed25519 => NoteSignatureType.Ed25519Cosignature,
        var algorithm when algorithm == KeyAlgorithm.MlDsa44 => NoteSignatureType.MlDsa44,
        _ => throw new ArgumentException($"A witness cosigns with Ed25519 or ML-DSA-44, not with a key of kind {key.Algorithm}.", nameof(key)),
    });

    /// <summary>Reads the text form; false when it is damaged, of another signature type, or its id is not its key's.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NoteKey? key)
    {
        key = null;
        var parts = text.Trim().Split('+', 3);
        var octets = new byte[parts[^1].Length];
        if (parts.Length != 3 || !SignedNote.IsKeyName(parts[0]) || !Convert.TryFromBase64String(parts[2], octets, out var length) || length < 2
            || !uint.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id) || NoteSignatureType.Find(octets[0]) is not { } type)
        {
            return false;
        }

        ReadOnlyMemory<byte> encoded = octets.AsMemory(1, length - 1);
        var subjectPublicKeyInfo = type == NoteSignatureType.Ecdsa ? encoded : SubjectPublicKeyInfo(type == NoteSignatureType.MlDsa44 ? KeyAlgorithm.MlDsa44 : KeyAlgorithm.Ed25519, encoded.Span);
        if (!PublicKey.TryParse(subjectPublicKeyInfo, out var publicKey, out _) || (type == NoteSignatureType.Ecdsa) != (publicKey.Algorithm.Family == AlgorithmFamily.Ecdsa))
        {
            return false;
        }

        var created = new NoteKey(parts[0], publicKey, type);
        key = created.Id == id && IsNameable(type, parts[0]) ? created : null;
        return key is not null;
    }

    /// <summary>Whether a signature line claims to be this key's: name and id (signed-note, "Signatures").</summary>
    public bool Claims(NoteSignature line) => line.KeyId == Id && line.KeyName == Name;

    /// <summary>Whether a line of the note is this key's, and what it is worth: null when none is.</summary>
    /// <remarks>A line that claims name and id of a known key and does not verify condemns the whole note (signed-note, "Signatures").</remarks>
    public bool? Verify(SignedNote note, CryptoProviders providers)
    {
        bool? verified = null;
        foreach (var line in note.Signatures.Where(Claims))
        {
            if (!Verify(note.Text, line, providers))
            {
                return false;
            }

            verified = true;
        }

        return verified;
    }

    /// <summary>Whether that line is this key's signature of that text.</summary>
    public bool Verify(string noteText, NoteSignature line, CryptoProviders providers)
    {
        var signature = line.Signature;
        var seconds = 0L;
        if (Type.IsTimestamped)
        {
            if (signature.Length < sizeof(long) || (seconds = BinaryPrimitives.ReadInt64BigEndian(signature.Span)) < 0)
            {
                return false;
            }

            signature = signature[sizeof(long)..];
        }

        return Claims(line) && Message(noteText, seconds) is { } message && providers.Verify(PublicKey, Type.Algorithm, message, signature.Span);
    }

    /// <summary>Signs a note's text.</summary>
    /// <param name="time">Stated by timestamped types, in whole seconds; others do not say it.</param>
    /// <exception cref="ArgumentException">The key is not this one, or the text is no checkpoint and the type needs one.</exception>
    /// <exception cref="KeyUnavailableException">The provider cannot sign now.</exception>
    public async ValueTask<NoteSignature> SignAsync(ISigningKey key, string noteText, DateTimeOffset time, CancellationToken cancellationToken)
    {
        var seconds = time.ToUnixTimeSeconds();
        if (!key.PublicKey.Equals(PublicKey) || Message(noteText, seconds) is not { } message)
        {
            throw new ArgumentException($"{Name} cannot sign that note with that key.", nameof(key));
        }

        var signature = await key.SignAsync(Type.Algorithm, message, cancellationToken);
        return new NoteSignature(Name, Id, Type.IsTimestamped ? [.. BigEndian(seconds), .. signature] : signature);
    }

    /// <summary>The text form for auditors.</summary>
    public override string ToString() => $"{Name}+{Id:x8}+{Convert.ToBase64String([Type.Octet, .. Material(PublicKey, Type).Span])}";

    /// <summary>The octets that are signed; null when the text is not what the type signs.</summary>
    private byte[]? Message(string noteText, long seconds)
    {
        if (Type == NoteSignatureType.Ed25519Cosignature)
        {
            // tlog-cosignature v1.0.1, "Ed25519 signed message".
            return Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {seconds}\n{noteText}"));
        }

        return Type == NoteSignatureType.MlDsa44 ? CosignedMessage(noteText, seconds) : Encoding.UTF8.GetBytes(noteText);
    }

    /// <summary>tlog-cosignature v1.1.0-rc.1, "ML-DSA-44 signed message": <c>cosigned_message</c> over the whole tree.</summary>
    private byte[]? CosignedMessage(string noteText, long seconds)
    {
        if (!Checkpoint.TryParse(noteText, out var checkpoint) || Encoding.UTF8.GetBytes(checkpoint.Origin) is not { Length: <= byte.MaxValue } origin)
        {
            return null;
        }

        var name = Encoding.UTF8.GetBytes(Name);
        return
        [
            .. "subtree/v1\n\0"u8,
            (byte)name.Length, .. name,
            .. BigEndian(seconds),
            (byte)origin.Length, .. origin,
            .. BigEndian(0),
            .. BigEndian(checkpoint.Size),
            .. checkpoint.Root.ToByteArray(),
        ];
    }

    private static NoteKey Checked(string name, PublicKey key, NoteSignatureType type) => SignedNote.IsKeyName(name) && IsNameable(type, name)
        ? new NoteKey(name, key, type)
        : throw new ArgumentException($"\"{name}\" cannot name a note key: spaces, control characters and + are not allowed, nor more than 255 octets.", nameof(name));

    // cosigner_name<1..2^8-1>
    private static bool IsNameable(NoteSignatureType type, string name) => type != NoteSignatureType.MlDsa44 || Encoding.UTF8.GetByteCount(name) <= byte.MaxValue;

    private static uint IdOf(string name, PublicKey key, NoteSignatureType type) => Hash(type == NoteSignatureType.Ecdsa
        ? key.SubjectPublicKeyInfo.Span
        : [.. Encoding.UTF8.GetBytes(name), 0x0A, type.Octet, .. key.KeyBits.Span]);

    private static ReadOnlyMemory<byte> Material(PublicKey key, NoteSignatureType type) => type == NoteSignatureType.Ecdsa ? key.SubjectPublicKeyInfo : key.KeyBits;

    private static uint Hash(ReadOnlySpan<byte> input) => BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(input));

    private static byte[] BigEndian(long value)
    {
        var octets = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(octets, value);
        return octets;
    }

    // RFC 8410 §4, RFC 9881 §4: SEQUENCE { AlgorithmIdentifier, BIT STRING of the key's octets }.
    private static byte[] SubjectPublicKeyInfo(KeyAlgorithm algorithm, ReadOnlySpan<byte> key)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(algorithm.AlgorithmIdentifier.Span);
            writer.WriteBitString(key);
        }

        return writer.Encode();
    }
}
