using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.CertificateLists;

/// <summary>A CRL that is to be signed (RFC 5280 §5.1.2); its entries come as a stream, in the order they are to stand.</summary>
public sealed record TbsCertificateList
{
    public required SignatureAlgorithm Signature { get; init; }

    public required X500Name Issuer { get; init; }

    public required DateTimeOffset ThisUpdate { get; init; }

    /// <summary>RFC 5280 §5.1.2.5: conforming issuers always say when the next one comes.</summary>
    public required DateTimeOffset NextUpdate { get; init; }

    /// <summary>The issuer's subjectKeyIdentifier (§5.2.1).</summary>
    public required ReadOnlyMemory<byte> AuthorityKeyIdentifier { get; init; }

    /// <summary>§5.2.3, rising.</summary>
    public required long Number { get; init; }

    public IssuingDistributionPoint? IssuingDistributionPoint { get; init; }

    /// <summary>What the issuer will sign with a second time (X.509 (2019) §9.8.3); null: nothing. Its value comes in afterwards (<see cref="Certificates.PreTbs"/>).</summary>
    public SignatureAlgorithm? AlternativeSignature { get; init; }

    /// <summary>§5.2.4: the number of the complete CRL this one is the difference to; null for a complete one.</summary>
    public long? BaseNumber { get; init; }

    /// <summary>§5.2.6: where the delta CRL is found; null for none. Never in a delta CRL itself.</summary>
    public string? FreshestListUrl { get; init; }

    /// <summary>X.509 (2019) §9.5.2.9 expiredCertsOnCRL: certificates that ended at that time or later stay in the list; null: they leave it.</summary>
    public DateTimeOffset? ExpiredCertificatesSince { get; init; }

    /// <summary>
    /// Encodes the DER TBSCertList. <paramref name="entries"/> is read once; memory grows with the result alone (about 50 octets an entry).
    /// </summary>
    public byte[] Encode(IEnumerable<RevokedCertificate> entries)
    {
        using var list = new DerWriter(4096);
        foreach (var entry in entries)
        {
            entry.Write(list);
        }

        var (before, after) = EncodeAround(list.Written.Length);
        return [.. before, .. list.Written, .. after];
    }

    /// <summary>
    /// What stands before and after the entries, for a list that is too long for memory: the entries (<see cref="RevokedCertificate.Write"/>, one after the other) are written elsewhere,
    /// and their length is all that must be known of them.
    /// </summary>
    /// <param name="entriesLength">Octets of all entries together.</param>
    public (byte[] Before, byte[] After) EncodeAround(int entriesLength)
    {
        using var fields = new DerWriter(1024);
        // §5.1.2.1: v2(1), present because there are extensions.
        fields.WriteInteger(1);
        // §5.1.2.2
        fields.WriteEncoded(Signature.AlgorithmIdentifier.Span);
        // §5.1.2.3
        fields.WriteEncoded(Issuer.Der.Span);
        // §5.1.2.4, §5.1.2.5
        fields.WriteTime(ThisUpdate);
        fields.WriteTime(NextUpdate);
        // §5.1.2.6: without a revoked certificate the list is absent, not empty.
        if (entriesLength > 0)
        {
            fields.WriteHeader(DerTag.Sequence, entriesLength);
        }

        using var extensions = new DerWriter(1024);
        using (extensions.Constructed(DerTag.ContextConstructed(0)))
        {
            // crlExtensions [0] EXPLICIT
            X509Extension.WriteAll(extensions, [.. Extensions()]);
        }

        using var outer = new DerWriter(16);
        outer.WriteHeader(DerTag.Sequence, checked(fields.Written.Length + entriesLength + extensions.Written.Length));
        return ([.. outer.Written, .. fields.Written], extensions.ToArray());
    }

    private IEnumerable<X509Extension> Extensions()
    {
        yield return X509Extension.AuthorityKeyIdentifier(AuthorityKeyIdentifier);
        yield return X509Extension.CrlNumber(Number);
        if (BaseNumber is { } number)
        {
            yield return X509Extension.CrlNumber(number) with { Oid = Oids.DeltaCrlIndicator, Critical = true };
        }

        if (IssuingDistributionPoint is { } point)
        {
            yield return point.ToExtension();
        }

        if (FreshestListUrl is { } freshest)
        {
            yield return X509Extension.FreshestCrl(freshest);
        }

        if (ExpiredCertificatesSince is { } since)
        {
            yield return X509Extension.ExpiredCertificatesOnList(since);
        }

        if (AlternativeSignature is { } alternative)
        {
            yield return X509Extension.AltSignatureAlgorithm(alternative);
        }
    }
}
