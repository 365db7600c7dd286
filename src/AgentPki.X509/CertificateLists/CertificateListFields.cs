using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.CertificateLists;

/// <summary>A TBSCertList (RFC 5280 §5.1.2) as it stands in the octets; what the list and every lint rule read.</summary>
public sealed class CertificateListFields
{
    private ReadOnlyMemory<byte> _entries;

    private CertificateListFields(ReadOnlyMemory<byte> encoded) => Encoded = encoded;

    public ReadOnlyMemory<byte> Encoded { get; }

    /// <summary>1 or 2.</summary>
    public int Version { get; private set; } = 1;

    public ReadOnlyMemory<byte> SignatureIdentifier { get; private set; }

    /// <summary>Null when unknown here.</summary>
    public SignatureAlgorithm? Signature { get; private set; }

    public X500Name Issuer { get; private set; } = X500Name.Empty;

    public DateTimeOffset ThisUpdate { get; private set; }

    public DateTimeOffset? NextUpdate { get; private set; }

    /// <summary>Which time type each date has; 0 when nextUpdate is absent.</summary>
    public (byte ThisUpdate, byte NextUpdate) TimeTags { get; private set; }

    /// <summary>How many certificates are listed.</summary>
    public int Count { get; private set; }

    /// <summary>Whether revokedCertificates is present and empty, which it may not be.</summary>
    public bool HasEmptyEntries { get; private set; }

    /// <summary>Whether some entry has extensions, which only version 2 allows.</summary>
    public bool HasEntryExtensions { get; private set; }

    public bool HasUnknownCriticalEntryExtension { get; private set; }

    public IReadOnlyList<X509Extension> Extensions { get; private set; } = [];

    public AuthorityKeyIdentifier? AuthorityKeyIdentifier { get; private set; }

    /// <summary>Content octets; empty when absent.</summary>
    public ReadOnlyMemory<byte> Number { get; private set; }

    /// <summary>Content octets of deltaCRLIndicator; empty in a complete CRL.</summary>
    public ReadOnlyMemory<byte> BaseNumber { get; private set; }

    public IssuingDistributionPoint? IssuingDistributionPoint { get; private set; }

    /// <summary>freshestCRL (RFC 5280 §5.2.6); empty when absent.</summary>
    public IReadOnlyList<DistributionPoint> FreshestPoints { get; private set; } = [];

    /// <summary>expiredCertsOnCRL (X.509 (2019) §9.5.2.9); null when absent.</summary>
    public DateTimeOffset? ExpiredCertificatesSince { get; private set; }

    /// <summary>The issuer's second signature (X.509 (2019) §9.8.3, §9.8.4); null when neither half is there.</summary>
    public AlternativeSignature? AlternativeSignature { get; private set; }

    public X509Extension? Find(string oid) => Extensions.FirstOrDefault(e => e.Oid == oid);

    /// <summary>The entries, read again from the octets each time: a list of a million costs no memory.</summary>
    public IEnumerable<RevokedCertificate> Entries
    {
        get
        {
            var position = 0;
            while (position < _entries.Length)
            {
                yield return ReadAt(ref position);
            }
        }
    }

    /// <exception cref="MalformedDataException">Not the DER of a TBSCertList.</exception>
    public static CertificateListFields Parse(ReadOnlyMemory<byte> tbs)
    {
        var outer = new DerReader(tbs);
        var reader = outer.ReadSequence("tbsCertList");
        outer.End("tbsCertList");
        var fields = new CertificateListFields(tbs);
        if (reader.NextIs(DerTag.Integer))
        {
            fields.Version = reader.ReadInt32("version", 1, 1) + 1;
        }

        fields.Signature = AlgorithmIdentifiers.ReadSignature(ref reader, "signature", out var identifier);
        fields.SignatureIdentifier = identifier;
        fields.Issuer = X500Name.Read(ref reader, "issuer");
        fields.ReadTimes(ref reader);
        if (reader.NextIs(DerTag.Sequence))
        {
            fields.CheckEntries(reader.ReadContent(DerTag.Sequence, "revokedCertificates"));
        }

        if (reader.NextIs(DerTag.ContextConstructed(0)))
        {
            var tagged = reader.ReadConstructed(DerTag.ContextConstructed(0), "crlExtensions");
            fields.Extensions = X509Extension.ReadAll(ref tagged, "crlExtensions");
            tagged.End("crlExtensions");
        }

        reader.End("tbsCertList");
        fields.ReadExtensions();
        return fields;
    }

    private void ReadTimes(ref DerReader reader)
    {
        var first = reader.NextTag;
        ThisUpdate = reader.ReadTime("thisUpdate");
        byte second = 0;
        if (reader.NextTag is DerTag.UtcTime or DerTag.GeneralizedTime)
        {
            second = reader.NextTag;
            NextUpdate = reader.ReadTime("nextUpdate");
        }

        TimeTags = (first, second);
    }

    private void CheckEntries(ReadOnlyMemory<byte> content)
    {
        _entries = content;
        HasEmptyEntries = content.IsEmpty;
        var reader = new DerReader(content);
        while (!reader.IsEmpty)
        {
            var entry = RevokedCertificate.Read(ref reader, out var hasExtensions);
            HasEntryExtensions |= hasExtensions;
            HasUnknownCriticalEntryExtension |= entry.HasUnknownCriticalExtension;
            Count++;
        }
    }

    private RevokedCertificate ReadAt(ref int position)
    {
        var reader = new DerReader(_entries[position..]);
        var entry = RevokedCertificate.Read(ref reader, out _);
        position += reader.Offset;
        return entry;
    }

    private void ReadExtensions()
    {
        AlternativeSignature = AlternativeSignature.Find(Extensions);
        foreach (var extension in Extensions)
        {
            switch (extension.Oid)
            {
                case Oids.AuthorityKeyIdentifier:
                    AuthorityKeyIdentifier = AuthorityKeyIdentifier.Parse(extension.Value);
                    break;
                case Oids.CrlNumber:
                    Number = ExtensionReaders.CrlNumber(extension.Value, "cRLNumber");
                    break;
                case Oids.DeltaCrlIndicator:
                    BaseNumber = ExtensionReaders.CrlNumber(extension.Value, "deltaCRLIndicator");
                    break;
                case Oids.IssuingDistributionPoint:
                    IssuingDistributionPoint = IssuingDistributionPoint.Parse(extension.Value);
                    break;
                case Oids.FreshestCrl:
                    FreshestPoints = DistributionPoint.ParseAll(extension.Value);
                    break;
                case Oids.ExpiredCertificatesOnList:
                    var reader = new DerReader(extension.Value);
                    ExpiredCertificatesSince = reader.ReadGeneralizedTime("expiredCertsOnCRL");
                    reader.End("expiredCertsOnCRL");
                    break;
            }
        }
    }
}
