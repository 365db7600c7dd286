using System.Security.Cryptography;

namespace AgentPki.Cryptography;

/// <summary>
/// A public key in its only valid form: a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of an algorithm this build knows, whose key bits were checked
/// (point on the curve and not at infinity; modulus and exponent within bounds; lengths exact).
/// </summary>
public sealed partial class PublicKey : IEquatable<PublicKey>
{
    private readonly byte[] _subjectPublicKeyInfo;
    private readonly int _keyBitsOffset;

    private PublicKey(KeyAlgorithm algorithm, byte[] subjectPublicKeyInfo, int keyBitsOffset) =>
        (Algorithm, _subjectPublicKeyInfo, _keyBitsOffset) = (algorithm, subjectPublicKeyInfo, keyBitsOffset);

    public KeyAlgorithm Algorithm { get; }

    /// <summary>The DER SubjectPublicKeyInfo.</summary>
    public ReadOnlyMemory<byte> SubjectPublicKeyInfo => _subjectPublicKeyInfo;

    /// <summary>The octets inside the subjectPublicKey BIT STRING (its unused-bits octet left out).</summary>
    public ReadOnlyMemory<byte> KeyBits => _subjectPublicKeyInfo.AsMemory(_keyBitsOffset);

    /// <summary>RFC 7093 §2 method 1: the leftmost 160 bits of SHA-256 over <see cref="KeyBits"/>; 20 octets.</summary>
    public byte[] KeyIdentifier() => SHA256.HashData(KeyBits.Span)[..20];

    /// <summary>SHA-256 over the whole SubjectPublicKeyInfo: the name of a key across certificates; 32 octets.</summary>
    public byte[] Fingerprint() => SHA256.HashData(_subjectPublicKeyInfo);

    public bool Equals(PublicKey? other) => other is not null && _subjectPublicKeyInfo.AsSpan().SequenceEqual(other._subjectPublicKeyInfo);

    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_subjectPublicKeyInfo);
        return hash.ToHashCode();
    }
}
