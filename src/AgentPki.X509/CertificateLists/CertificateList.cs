using System.Diagnostics.CodeAnalysis;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.CertificateLists;

/// <summary>A certificate revocation list (RFC 5280 §5), parsed and checked once; entries are read from the octets when asked for.</summary>
public sealed class CertificateList
{
    private CertificateList(ReadOnlyMemory<byte> der, CertificateListFields fields, SignatureAlgorithm algorithm, ReadOnlyMemory<byte> signature) =>
        (Der, Fields, SignatureAlgorithm, Signature) = (der, fields, algorithm, signature);

    public ReadOnlyMemory<byte> Der { get; }

    public ReadOnlyMemory<byte> Tbs => Fields.Encoded;

    public CertificateListFields Fields { get; }

    public SignatureAlgorithm SignatureAlgorithm { get; }

    public ReadOnlyMemory<byte> Signature { get; }

    public X500Name Issuer => Fields.Issuer;

    public DateTimeOffset ThisUpdate => Fields.ThisUpdate;

    /// <summary>Null when the issuer does not say, which a conforming one always does.</summary>
    public DateTimeOffset? NextUpdate => Fields.NextUpdate;

    public int Count => Fields.Count;

    public IEnumerable<RevokedCertificate> Entries => Fields.Entries;

    /// <summary>cRLNumber where it fits 64 bits; else null.</summary>
    public long? Number => Fields.Number.Length is > 0 and <= 8 ? Fields.Number.Span.ToArray().Aggregate(0L, (value, octet) => (value << 8) | octet) : null;

    /// <summary>The entry of that serial number (content octets), or null. Reads the list from its start.</summary>
    public RevokedCertificate? Find(ReadOnlySpan<byte> serialNumber)
    {
        foreach (var entry in Entries)
        {
            if (entry.SerialNumber.Span.SequenceEqual(serialNumber))
            {
                return entry;
            }
        }

        return null;
    }

    public bool VerifySignature(PublicKey issuer, CryptoProviders providers) => providers.Verify(issuer, SignatureAlgorithm, Tbs.Span, Signature.Span);

    /// <summary>Whether the private half of the issuer's alternative key made this list's alternative signature (X.509 (2019) §7.10.3); false when it has none.</summary>
    public bool VerifyAlternativeSignature(PublicKey issuerAlternative, CryptoProviders providers) =>
        Fields.AlternativeSignature is { } signature && signature.Verify(issuerAlternative, PreTbs.OfCertificateList(Tbs), providers);

    /// <summary>What stands before and after a TBSCertList of that length when it is signed: for a list that is too long for memory.</summary>
    public static (byte[] Before, byte[] After) EncodeAround(int tbsLength, SignatureAlgorithm algorithm, ReadOnlySpan<byte> signature)
    {
        using var after = new DerWriter(signature.Length + 256);
        after.WriteEncoded(algorithm.AlgorithmIdentifier.Span);
        after.WriteBitString(signature);
        using var before = new DerWriter(16);
        before.WriteHeader(DerTag.Sequence, checked(tbsLength + after.Written.Length));
        return (before.ToArray(), after.ToArray());
    }

    /// <summary>Parses a list; the octets are not copied, as they may be many: the caller leaves them alone.</summary>
    /// <exception cref="MalformedDataException">Not a CRL this build can read.</exception>
    public static CertificateList Parse(ReadOnlyMemory<byte> der)
    {
        var outer = new DerReader(der);
        var sequence = outer.ReadSequence("CertificateList");
        outer.End("CertificateList");
        var tbs = sequence.ReadElement(DerTag.Sequence, "tbsCertList");
        var algorithm = AlgorithmIdentifiers.ReadSignature(ref sequence, "signatureAlgorithm", out var identifier);
        var signature = sequence.ReadBitStringOctets("signatureValue");
        sequence.End("CertificateList");
        var fields = CertificateListFields.Parse(tbs);
        if (!identifier.Span.SequenceEqual(fields.SignatureIdentifier.Span))
        {
            throw new MalformedDataException("signatureAlgorithm: differs from the signature field of the TBSCertList (RFC 5280 §5.1.1.2)");
        }

        if (X509Extension.FindDuplicate(fields.Extensions) is { } duplicate)
        {
            throw new MalformedDataException($"crlExtensions: extension {duplicate} occurs twice");
        }

        return new CertificateList(
            der,
            fields,
            algorithm ?? throw new MalformedDataException($"signatureAlgorithm: {AlgorithmIdentifiers.OidOf(identifier)} is not known here"),
            signature);
    }

    public static bool TryParse(ReadOnlyMemory<byte> der, [NotNullWhen(true)] out CertificateList? list, [NotNullWhen(false)] out string? error)
    {
        try
        {
            (list, error) = (Parse(der), null);
            return true;
        }
        catch (MalformedDataException e)
        {
            (list, error) = (null, e.Message);
            return false;
        }
    }
}
