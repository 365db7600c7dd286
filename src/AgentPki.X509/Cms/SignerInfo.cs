using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.X509.Cms;

/// <summary>RFC 5652 §5.3 SignerInfo, as it came.</summary>
public sealed class SignerInfo
{
    private readonly ReadOnlyMemory<byte> _signedAttributes;
    private readonly ReadOnlyMemory<byte> _signatureAlgorithm;

    private SignerInfo(ReadOnlyMemory<byte> signedAttributes, ReadOnlyMemory<byte> signatureAlgorithm) => (_signedAttributes, _signatureAlgorithm) = (signedAttributes, signatureAlgorithm);

    /// <summary>The signer's issuer where it is named by issuer and serial number; else null.</summary>
    public X500Name? Issuer { get; private init; }

    /// <summary>Content octets of the serial number; empty where the signer is named by key identifier.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; private init; }

    /// <summary>The signer's subject key identifier; empty where it is named by issuer and serial number.</summary>
    public ReadOnlyMemory<byte> SubjectKeyIdentifier { get; private init; }

    /// <summary>Null when the digest is not known here.</summary>
    public CmsDigest? Digest { get; private init; }

    /// <summary>Null when the algorithm is not known here.</summary>
    public SignatureAlgorithm? SignatureAlgorithm { get; private init; }

    public IReadOnlyList<RequestAttribute> SignedAttributes { get; private init; } = [];

    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>Whether <paramref name="certificate"/> is the one this signer is named by.</summary>
    public bool IsMadeBy(Certificate certificate) => Issuer is not null
        ? Issuer.Equals(certificate.Issuer) && SerialNumber.Span.SequenceEqual(certificate.SerialNumber.Span)
        : SubjectKeyIdentifier.Span.SequenceEqual(
            certificate.SubjectKeyIdentifier.IsEmpty ? certificate.PublicKey.KeyIdentifier() : certificate.SubjectKeyIdentifier.Span);

    /// <summary>
    /// RFC 5652 §5.4, §5.6: the signature over the content, or over signed attributes that carry the content's type and digest. False for whatever does not fit.
    /// </summary>
    public bool Verify(PublicKey key, string contentType, ReadOnlySpan<byte> content, CryptoProviders providers)
    {
        if (SignatureAlgorithm is not { } algorithm)
        {
            return false;
        }

        if (_signedAttributes.IsEmpty)
        {
            // §5.3: signed attributes are required when the content is not plain data.
            return contentType == Oids.CmsData && providers.Verify(key, algorithm, content, Signature.Span);
        }

        if (Digest is not { } digest || !HasOne(Oids.ContentType, AttributeOid(contentType)) || !HasOne(Oids.MessageDigest, AttributeOctets(digest.Compute(content)))
            || !AlgorithmProtection.Holds(SignedAttributes, digest, _signatureAlgorithm))
        {
            return false;
        }

        // §5.4: the signature is over an EXPLICIT SET OF tag, not over the [0] that stands in the message.
        var signed = _signedAttributes.ToArray();
        signed[0] = DerTag.Set;
        return providers.Verify(key, algorithm, signed, Signature.Span);
    }

    internal static SignerInfo Read(ref DerReader set)
    {
        var reader = set.ReadSequence("SignerInfo");
        var version = reader.ReadInt32("version", 1, 3);
        X500Name? issuer = null;
        ReadOnlyMemory<byte> serial = default, keyIdentifier = default;
        if (version == 1)
        {
            var sid = reader.ReadSequence("issuerAndSerialNumber");
            issuer = X500Name.Read(ref sid, "issuer");
            serial = sid.ReadIntegerContent("serialNumber");
            sid.End("issuerAndSerialNumber");
        }
        else
        {
            keyIdentifier = reader.ReadContent(DerTag.Context(0), "subjectKeyIdentifier");
        }

        var digest = CmsDigest.Read(ref reader);
        ReadOnlyMemory<byte> signed = default;
        IReadOnlyList<RequestAttribute> attributes = [];
        if (reader.NextIs(DerTag.ContextConstructed(0)))
        {
            signed = reader.ReadElement(DerTag.ContextConstructed(0), "signedAttrs");
            attributes = RequestAttribute.ReadAll(reader.Inside(signed).ReadConstructed(DerTag.ContextConstructed(0), "signedAttrs"), "signedAttrs");
        }

        var algorithm = CmsDigest.ReadSignatureAlgorithm(ref reader, digest, attributesSigned: !signed.IsEmpty, out var encodedAlgorithm);
        var signature = reader.ReadOctetString("signature");
        if (reader.NextIs(DerTag.ContextConstructed(1)))
        {
            reader.ReadElement(DerTag.ContextConstructed(1), "unsignedAttrs");
        }

        reader.End("SignerInfo");
        return new SignerInfo(signed, encodedAlgorithm)
        {
            Issuer = issuer,
            SerialNumber = serial,
            SubjectKeyIdentifier = keyIdentifier,
            Digest = digest,
            SignatureAlgorithm = algorithm,
            SignedAttributes = attributes,
            Signature = signature,
        };
    }

    internal static byte[] AttributeOid(string oid)
    {
        using var writer = new DerWriter(32);
        writer.WriteOid(oid);
        return writer.ToArray();
    }

    internal static byte[] AttributeOctets(ReadOnlySpan<byte> octets)
    {
        using var writer = new DerWriter(128);
        writer.WriteOctetString(octets);
        return writer.ToArray();
    }

    // §11.1, §11.2: exactly one such attribute with exactly one value.
    private bool HasOne(string oid, byte[] value)
    {
        var found = SignedAttributes.Where(a => a.Oid == oid).ToArray();
        return found is [{ Values: [var only] }] && only.Span.SequenceEqual(value);
    }
}
