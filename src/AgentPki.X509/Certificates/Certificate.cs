using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Certificates;

/// <summary>
/// A certificate (RFC 5280 §4.1), parsed once, immutable: known algorithms, a valid key, no extension twice. That it parses says nothing of its signature
/// or its chain.
/// </summary>
public sealed class Certificate : IEquatable<Certificate>
{
    private readonly byte[] _der;

    private Certificate(byte[] der, TbsFields fields, PublicKey publicKey, SignatureAlgorithm algorithm, ReadOnlyMemory<byte> signature)
    {
        (_der, Fields, PublicKey, SignatureAlgorithm, Signature) = (der, fields, publicKey, algorithm, signature);
        SpiffeId = FindSpiffeId(fields.SubjectAlternativeNames);
    }

    public ReadOnlyMemory<byte> Der => _der;

    /// <summary>TBSCertificate: the octets the signature covers.</summary>
    public ReadOnlyMemory<byte> Tbs => Fields.Encoded;

    /// <summary>Everything in the TBSCertificate, also what has no property here.</summary>
    public TbsFields Fields { get; }

    /// <summary>Content octets of the INTEGER, minimal; positive and at most 20 in what this appliance issues.</summary>
    public ReadOnlyMemory<byte> SerialNumber => Fields.SerialNumber;

    /// <summary>The serial number as lower-case hex of its content octets.</summary>
    public string SerialHex => Convert.ToHexStringLower(SerialNumber.Span);

    public X500Name Issuer => Fields.Issuer;

    public X500Name Subject => Fields.Subject;

    public DateTimeOffset NotBefore => Fields.NotBefore;

    public DateTimeOffset NotAfter => Fields.NotAfter;

    public PublicKey PublicKey { get; }

    /// <summary>The subject's second key (X.509 (2019) §9.8.2); null when there is none that this build can use.</summary>
    public PublicKey? AlternativePublicKey => Fields.AlternativePublicKey;

    /// <summary>The issuer's second signature (X.509 (2019) §9.8.3, §9.8.4); null when there is none.</summary>
    public AlternativeSignature? AlternativeSignature => Fields.AlternativeSignature;

    public SignatureAlgorithm SignatureAlgorithm { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    public IReadOnlyList<X509Extension> Extensions => Fields.Extensions;

    public IReadOnlyList<GeneralName> SubjectAlternativeNames => Fields.SubjectAlternativeNames;

    /// <summary>The SPIFFE ID when there is exactly one URI name and it is a valid one (X509-SVID §2); else null.</summary>
    public SpiffeId? SpiffeId { get; }

    public KeyUsages? KeyUsages => Fields.KeyUsages;

    /// <summary>Dotted key purposes; null when the extension is absent.</summary>
    public IReadOnlyList<string>? ExtendedKeyUsages => Fields.ExtendedKeyUsages;

    public BasicConstraints? BasicConstraints => Fields.BasicConstraints;

    public bool IsCertificateAuthority => Fields.BasicConstraints is { IsCertificateAuthority: true };

    /// <summary>Empty when absent.</summary>
    public ReadOnlyMemory<byte> SubjectKeyIdentifier => Fields.SubjectKeyIdentifier;

    /// <summary>The authority key identifier's keyIdentifier; empty when absent.</summary>
    public ReadOnlyMemory<byte> AuthorityKeyIdentifier => Fields.AuthorityKeyIdentifier?.KeyIdentifier ?? default;

    public bool IsSelfIssued => Issuer.Equals(Subject);

    public X509Extension? FindExtension(string oid) => Fields.Find(oid);

    /// <summary>Whether <paramref name="time"/> lies in the validity period, both ends included (RFC 5280 §4.1.2.5).</summary>
    public bool IsValidAt(DateTimeOffset time) => time >= NotBefore && time - NotAfter < TimeSpan.FromSeconds(1);

    /// <summary>SHA-256 over the DER; 32 octets.</summary>
    public byte[] Fingerprint() => SHA256.HashData(_der);

    /// <summary>Whether <paramref name="issuer"/>'s private key signed this; nothing else is checked.</summary>
    public bool VerifySignature(PublicKey issuer, CryptoProviders providers) => providers.Verify(issuer, SignatureAlgorithm, Tbs.Span, Signature.Span);

    /// <summary>Whether the private half of the issuer's alternative key made this certificate's alternative signature; false when it has none.</summary>
    public bool VerifyAlternativeSignature(PublicKey issuerAlternative, CryptoProviders providers) =>
        AlternativeSignature is { } signature && signature.Verify(issuerAlternative, PreTbs.OfCertificate(Tbs), providers);

    /// <exception cref="MalformedDataException">Not a certificate this build can read; the message says why.</exception>
    public static Certificate Parse(ReadOnlyMemory<byte> der)
    {
        if (der.Length > Limits.CertificateOctets)
        {
            throw new MalformedDataException($"Certificate: {der.Length} octets; at most {Limits.CertificateOctets} are taken");
        }

        var copy = der.ToArray();
        var outer = new DerReader(copy);
        var sequence = outer.ReadSequence("Certificate");
        outer.End("Certificate");
        var tbs = sequence.ReadElement(DerTag.Sequence, "tbsCertificate");
        var algorithm = AlgorithmIdentifiers.ReadSignature(ref sequence, "signatureAlgorithm", out var identifier);
        var signature = sequence.ReadBitStringOctets("signatureValue");
        sequence.End("Certificate");
        var fields = TbsFields.Parse(tbs);
        if (!identifier.Span.SequenceEqual(fields.SignatureIdentifier.Span))
        {
            throw new MalformedDataException("signatureAlgorithm: differs from the signature field of the TBSCertificate (RFC 5280 §4.1.1.2)");
        }

        if (X509Extension.FindDuplicate(fields.Extensions) is { } duplicate)
        {
            throw new MalformedDataException($"extensions: extension {duplicate} occurs twice (RFC 5280 §4.2)");
        }

        return new Certificate(
            copy,
            fields,
            fields.PublicKey ?? throw new MalformedDataException($"subjectPublicKeyInfo: {fields.PublicKeyError}"),
            algorithm ?? throw new MalformedDataException($"signatureAlgorithm: {AlgorithmIdentifiers.DescribeUnknown(identifier)}"),
            signature);
    }

    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out Certificate? certificate, [NotNullWhen(false)] out string? error)
    {
        try
        {
            (certificate, error) = (Parse(der), null);
            return true;
        }
        catch (MalformedDataException e)
        {
            (certificate, error) = (null, e.Message);
            return false;
        }
    }

    /// <summary>
    /// Puts signed octets, algorithm and signature together: SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING }. Certificates, CRLs and PKCS#10
    /// requests all have this shape (RFC 5280 §4.1, §5.1, RFC 2986 §4.2).
    /// </summary>
    public static byte[] Assemble(ReadOnlySpan<byte> tbs, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature)
    {
        using var writer = new DerWriter(tbs.Length + signature.Length + 128);
        using (writer.Sequence())
        {
            writer.WriteEncoded(tbs);
            writer.WriteEncoded(algorithm.AlgorithmIdentifier.Span);
            writer.WriteBitString(signature);
        }

        return writer.ToArray();
    }

    public bool Equals(Certificate? other) => other is not null && _der.AsSpan().SequenceEqual(other._der);

    public override bool Equals(object? obj) => Equals(obj as Certificate);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_der);
        return hash.ToHashCode();
    }

    private static SpiffeId? FindSpiffeId(IReadOnlyList<GeneralName> names)
    {
        SpiffeId? found = null;
        foreach (var name in names)
        {
            if (name is not GeneralName.Uri uri)
            {
                continue;
            }

            // X509-SVID §2: exactly one URI name; more than one, of any scheme, makes the identity ambiguous.
            if (found is not null || !SpiffeId.TryParse(uri.Value, out found))
            {
                return null;
            }
        }

        return found;
    }
}
