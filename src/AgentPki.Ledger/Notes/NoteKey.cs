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
/// C2SP signed-note v1.0.0. Ed25519 is signature type 0x01, key id SHA-256(name || 0x0A || 0x01 || key)[:4]. Where the token
/// lacks Ed25519: type 0x02, ECDSA with SHA-256 as ASN.1, on P-256 or P-384; its key id is SHA-256(SubjectPublicKeyInfo)[:4], which
/// does not cover the name, and its text form carries the SubjectPublicKeyInfo.
/// </remarks>
public sealed class NoteKey
{
    private const byte Ed25519Type = 0x01;
    private const byte EcdsaType = 0x02;

    private readonly byte _type;

    private NoteKey(string name, PublicKey publicKey, byte type, SignatureAlgorithm algorithm, uint id) =>
        (Name, PublicKey, _type, Algorithm, Id) = (name, publicKey, type, algorithm, id);

    public string Name { get; }

    public PublicKey PublicKey { get; }

    public SignatureAlgorithm Algorithm { get; }

    /// <summary>The four octets before the signature, as a big-endian number.</summary>
    public uint Id { get; }

    /// <exception cref="ArgumentException">The name cannot stand in a note, or notes have no signature type for this kind of key.</exception>
    public static NoteKey Create(string name, PublicKey key)
    {
        if (!SignedNote.IsKeyName(name))
        {
            throw new ArgumentException($"\"{name}\" cannot name a note key: spaces, control characters and + are not allowed.", nameof(name));
        }

        return key.Algorithm.Family switch
        {
            AlgorithmFamily.EdDsa => new NoteKey(name, key, Ed25519Type, SignatureAlgorithm.Ed25519, Hash([.. Encoding.UTF8.GetBytes(name), 0x0A, Ed25519Type, .. key.KeyBits.Span])),
            AlgorithmFamily.Ecdsa => new NoteKey(name, key, EcdsaType, SignatureAlgorithm.EcdsaSha256, Hash(key.SubjectPublicKeyInfo.Span)),
            _ => throw new ArgumentException($"A note is signed with Ed25519 or ECDSA, not with a key of kind {key.Algorithm}.", nameof(key)),
        };
    }

    /// <summary>Reads the text form; false when it is damaged, of another signature type, or its id is not its key's.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NoteKey? key)
    {
        key = null;
        var parts = text.Trim().Split('+', 3);
        var octets = new byte[parts[^1].Length];
        if (parts.Length != 3 || !SignedNote.IsKeyName(parts[0]) || !Convert.TryFromBase64String(parts[2], octets, out var length) || length < 2
            || !uint.TryParse(parts[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        ReadOnlyMemory<byte> encoded = octets.AsMemory(1, length - 1);
        var subjectPublicKeyInfo = octets[0] switch
        {
            Ed25519Type when encoded.Length == 32 => Ed25519SubjectPublicKeyInfo(encoded.Span),
            EcdsaType => encoded,
            _ => default,
        };
        if (!PublicKey.TryParse(subjectPublicKeyInfo, out var publicKey, out _))
        {
            return false;
        }

        if (publicKey.Algorithm.Family is not (AlgorithmFamily.EdDsa or AlgorithmFamily.Ecdsa) || Create(parts[0], publicKey) is not { } created || created.Id != id || created._type != octets[0])
        {
            return false;
        }

        key = created;
        return true;
    }

    /// <summary>Whether a line of the note is this key's, and what it is worth: null when none is.</summary>
    /// <remarks>A line that claims name and id of a known key and does not verify condemns the whole note (signed-note, "Signatures").</remarks>
    public bool? Verify(SignedNote note, CryptoProviders providers)
    {
        bool? verified = null;
        var text = Encoding.UTF8.GetBytes(note.Text);
        foreach (var line in note.Signatures)
        {
            if (line.KeyId == Id && line.KeyName == Name)
            {
                if (!providers.Verify(PublicKey, Algorithm, text, line.Signature.Span))
                {
                    return false;
                }

                verified = true;
            }
        }

        return verified;
    }

    /// <summary>The text form for auditors.</summary>
    public override string ToString()
    {
        var key = _type == Ed25519Type ? PublicKey.KeyBits : PublicKey.SubjectPublicKeyInfo;
        return $"{Name}+{Id:x8}+{Convert.ToBase64String([_type, .. key.Span])}";
    }

    private static uint Hash(ReadOnlySpan<byte> input) => BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(input));

    // RFC 8410 §4: SEQUENCE { AlgorithmIdentifier, BIT STRING of 32 octets }.
    private static ReadOnlyMemory<byte> Ed25519SubjectPublicKeyInfo(ReadOnlySpan<byte> key) =>
        (byte[])[0x30, 0x2A, .. KeyAlgorithm.Ed25519.AlgorithmIdentifier.Span, 0x03, 0x21, 0x00, .. key];
}
