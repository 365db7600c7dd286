using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Cms;

/// <summary>How a content-encryption key reaches an RSA recipient.</summary>
public enum RsaKeyTransport
{
    /// <summary>RSAES-OAEP with SHA-256 and MGF1 with SHA-256 (RFC 8017 §7.1, RFC 3560).</summary>
    Oaep,

    /// <summary>RSAES-PKCS1-v1_5 (RFC 8017 §7.2), for clients that know nothing else.</summary>
    Pkcs1,
}

/// <summary>For whom an envelope is closed: a key, and what the recipient finds it by.</summary>
public sealed record Recipient
{
    private Recipient(PublicKey key) => PublicKey = key;

    public PublicKey PublicKey { get; }

    /// <summary>Set with <see cref="SerialNumber"/>, or null when the key is found by <see cref="KeyIdentifier"/>.</summary>
    public X500Name? Issuer { get; private init; }

    public ReadOnlyMemory<byte> SerialNumber { get; private init; }

    public ReadOnlyMemory<byte> KeyIdentifier { get; private init; }

    public RsaKeyTransport RsaKeyTransport { get; init; } = RsaKeyTransport.Oaep;

    /// <summary>The holder of a certificate, found by issuer and serial number.</summary>
    /// <exception cref="ArgumentException">A key of a kind that cannot receive: it signs only.</exception>
    public static Recipient ForCertificate(Certificate certificate) =>
        new(CheckKind(certificate.PublicKey)) { Issuer = certificate.Issuer, SerialNumber = certificate.SerialNumber };

    /// <summary>The holder of a key, found by an identifier that it gave (RFC 7030 §4.4.1.2 AsymmetricDecryptKeyIdentifier).</summary>
    /// <exception cref="ArgumentException">A key of a kind that cannot receive: it signs only.</exception>
    public static Recipient ForKey(PublicKey key, ReadOnlyMemory<byte> keyIdentifier) => new(CheckKind(key)) { KeyIdentifier = keyIdentifier };

    /// <summary>RFC 5652 §6.2.1 RecipientIdentifier: issuer and serial number, or the key identifier [0].</summary>
    internal void WriteIdentifier(DerWriter writer)
    {
        if (Issuer is null)
        {
            writer.Write(DerTag.Context(0), KeyIdentifier.Span);
        }
        else
        {
            WriteIssuerAndSerial(writer);
        }
    }

    internal void WriteIssuerAndSerial(DerWriter writer)
    {
        using var sid = writer.Sequence();
        writer.WriteEncoded((Issuer ?? throw new InvalidOperationException("No issuer.")).Der.Span);
        writer.Write(DerTag.Integer, SerialNumber.Span);
    }

    private static PublicKey CheckKind(PublicKey key) => key.Algorithm.Family is not (AlgorithmFamily.Rsa or AlgorithmFamily.Ecdsa or AlgorithmFamily.MlKem)
        ? throw new ArgumentException($"A key of kind {key.Algorithm.Name} signs and cannot decrypt; an envelope needs an RSA, ECDH or ML-KEM key.", nameof(key))
        : key;
}
