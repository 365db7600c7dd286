using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.Certificates;

/// <summary>
/// A TBSCertificate (RFC 5280 §4.1.2) as it stands in the octets: every field and every extension this project knows, parsed once. What the certificate and
/// every lint rule read.
/// </summary>
public sealed class TbsFields
{
    private TbsFields(ReadOnlyMemory<byte> encoded) => Encoded = encoded;

    /// <summary>The octets that were parsed, whole.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>1, 2 or 3.</summary>
    public int Version { get; private set; }

    /// <summary>Content octets of the INTEGER, minimal.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; private set; }

    /// <summary>The signature field's AlgorithmIdentifier as it stands; compared octet by octet with the outer one.</summary>
    public ReadOnlyMemory<byte> SignatureIdentifier { get; private set; }

    /// <summary>Null when this build does not know the algorithm.</summary>
    public SignatureAlgorithm? Signature { get; private set; }

    public X500Name Issuer { get; private set; } = X500Name.Empty;

    public DateTimeOffset NotBefore { get; private set; }

    public DateTimeOffset NotAfter { get; private set; }

    /// <summary>Which of the two time types each date has (RFC 5280 §4.1.2.5).</summary>
    public (byte NotBefore, byte NotAfter) TimeTags { get; private set; }

    public X500Name Subject { get; private set; } = X500Name.Empty;

    /// <summary>Null when the key's algorithm is unknown here or its value is invalid; then <see cref="PublicKeyError"/> says why.</summary>
    public PublicKey? PublicKey { get; private set; }

    public string? PublicKeyError { get; private set; }

    public bool HasUniqueIdentifiers { get; private set; }

    /// <summary>In the order of the octets, duplicates included. The typed properties below read the first of a type.</summary>
    public IReadOnlyList<X509Extension> Extensions { get; private set; } = [];

    public BasicConstraints? BasicConstraints { get; private set; }

    public KeyUsages? KeyUsages { get; private set; }

    public IReadOnlyList<string>? ExtendedKeyUsages { get; private set; }

    public IReadOnlyList<GeneralName> SubjectAlternativeNames { get; private set; } = [];

    /// <summary>Empty when absent.</summary>
    public ReadOnlyMemory<byte> SubjectKeyIdentifier { get; private set; }

    public AuthorityKeyIdentifier? AuthorityKeyIdentifier { get; private set; }

    public IReadOnlyList<AccessDescription> AuthorityInformationAccess { get; private set; } = [];

    public IReadOnlyList<DistributionPoint> CrlDistributionPoints { get; private set; } = [];

    /// <summary>freshestCRL (RFC 5280 §4.2.1.15): where delta CRLs are found; empty when absent.</summary>
    public IReadOnlyList<DistributionPoint> FreshestPoints { get; private set; } = [];

    public IReadOnlyList<string>? CertificatePolicies { get; private set; }

    public NameConstraints? NameConstraints { get; private set; }

    /// <summary>subjectAltPublicKeyInfo (X.509 (2019) §9.8.2); null when absent, unknown here or invalid: then <see cref="AlternativePublicKeyError"/> says which of these.</summary>
    public PublicKey? AlternativePublicKey { get; private set; }

    /// <summary>Null when there is an alternative key that can be used, or none at all.</summary>
    public string? AlternativePublicKeyError { get; private set; }

    /// <summary>altSignatureAlgorithm and altSignatureValue (X.509 (2019) §9.8.3, §9.8.4); null when neither is there.</summary>
    public AlternativeSignature? AlternativeSignature { get; private set; }

    /// <summary>RFC 9763 §4.1; null when absent.</summary>
    public RelatedCertificate? RelatedCertificate { get; private set; }

    public X509Extension? Find(string oid)
    {
        foreach (var extension in Extensions)
        {
            if (extension.Oid == oid)
            {
                return extension;
            }
        }

        return null;
    }

    /// <exception cref="MalformedDataException">Not the DER of a TBSCertificate; unknown algorithms are no error here.</exception>
    public static TbsFields Parse(ReadOnlyMemory<byte> tbs)
    {
        var outer = new DerReader(tbs);
        var reader = outer.ReadSequence("tbsCertificate");
        outer.End("tbsCertificate");
        var fields = new TbsFields(tbs) { Version = ReadVersion(ref reader) };
        fields.SerialNumber = reader.ReadIntegerContent("serialNumber");
        fields.Signature = AlgorithmIdentifiers.ReadSignature(ref reader, "signature", out var signatureIdentifier);
        fields.SignatureIdentifier = signatureIdentifier;
        fields.Issuer = X500Name.Read(ref reader, "issuer");
        fields.ReadValidity(reader.ReadSequence("validity"));
        fields.Subject = X500Name.Read(ref reader, "subject");
        fields.PublicKey = SubjectPublicKeys.Read(ref reader, out _, out var keyError);
        fields.PublicKeyError = keyError;
        fields.ReadUniqueIdentifiers(ref reader);
        if (reader.NextIs(DerTag.ContextConstructed(3)))
        {
            var tagged = reader.ReadConstructed(DerTag.ContextConstructed(3), "extensions");
            fields.Extensions = X509Extension.ReadAll(ref tagged, "extensions");
            tagged.End("extensions");
        }

        reader.End("tbsCertificate");
        for (var i = fields.Extensions.Count - 1; i >= 0; i--)
        {
            fields.ReadExtension(fields.Extensions[i]);
        }

        fields.AlternativeSignature = AlternativeSignature.Find(fields.Extensions);

        return fields;
    }

    private static int ReadVersion(ref DerReader reader)
    {
        if (!reader.NextIs(DerTag.ContextConstructed(0)))
        {
            return 1;
        }

        var tagged = reader.ReadConstructed(DerTag.ContextConstructed(0), "version");
        // v1(0) is the default and not encoded.
        var version = tagged.ReadInt32("version", 1, 2) + 1;
        tagged.End("version");
        return version;
    }

    private void ReadValidity(DerReader validity)
    {
        var first = validity.NextTag;
        NotBefore = validity.ReadTime("notBefore");
        var second = validity.NextTag;
        NotAfter = validity.ReadTime("notAfter");
        validity.End("validity");
        TimeTags = (first, second);
    }

    private void ReadUniqueIdentifiers(ref DerReader reader)
    {
        for (var number = 1; number <= 2; number++)
        {
            if (reader.NextIs(DerTag.Context(number)))
            {
                reader.ReadBitString("uniqueIdentifier", out _, DerTag.Context(number));
                HasUniqueIdentifiers = true;
            }
        }
    }

    private void ReadExtension(X509Extension extension)
    {
        var value = extension.Value;
        switch (extension.Oid)
        {
            case Oids.BasicConstraints:
                BasicConstraints = BasicConstraints.Parse(value);
                break;
            case Oids.KeyUsage:
                KeyUsages = ExtensionReaders.KeyUsage(value);
                break;
            case Oids.ExtendedKeyUsage:
                ExtendedKeyUsages = ExtensionReaders.ExtendedKeyUsage(value);
                break;
            case Oids.SubjectAlternativeName:
                SubjectAlternativeNames = ExtensionReaders.GeneralNames(value, "subjectAltName");
                break;
            case Oids.IssuerAlternativeName:
                ExtensionReaders.GeneralNames(value, "issuerAltName");
                break;
            case Oids.SubjectKeyIdentifier:
                SubjectKeyIdentifier = ExtensionReaders.OctetString(value, "subjectKeyIdentifier");
                break;
            case Oids.AuthorityKeyIdentifier:
                AuthorityKeyIdentifier = AuthorityKeyIdentifier.Parse(value);
                break;
            case Oids.AuthorityInformationAccess:
                AuthorityInformationAccess = ExtensionReaders.AccessDescriptions(value);
                break;
            case Oids.CrlDistributionPoints:
                CrlDistributionPoints = DistributionPoint.ParseAll(value);
                break;
            case Oids.FreshestCrl:
                FreshestPoints = DistributionPoint.ParseAll(value);
                break;
            case Oids.CertificatePolicies:
                CertificatePolicies = ExtensionReaders.CertificatePolicies(value);
                break;
            case Oids.NameConstraints:
                NameConstraints = NameConstraints.Parse(value);
                break;
            case Oids.SubjectAltPublicKeyInfo:
                var reader = new DerReader(value);
                AlternativePublicKey = SubjectPublicKeys.Read(ref reader, out _, out var keyError);
                AlternativePublicKeyError = keyError;
                reader.End("subjectAltPublicKeyInfo");
                break;
            case Oids.RelatedCertificate:
                RelatedCertificate = RelatedCertificate.Parse(value);
                break;
            case Oids.NoRevocationAvailable:
                ExtensionReaders.Null(value, "noRevAvail");
                break;
            case Oids.OcspNoCheck:
                ExtensionReaders.Null(value, "ocsp-nocheck");
                break;
        }
    }
}
