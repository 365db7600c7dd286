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

    /// <summary>
    /// Encodes the DER TBSCertList. <paramref name="entries"/> is read once; memory grows with the result alone (about 50 octets an entry).
    /// </summary>
    public byte[] Encode(IEnumerable<RevokedCertificate> entries)
    {
        using var writer = new DerWriter(4096);
        using (writer.Sequence())
        {
            // §5.1.2.1: v2(1), present because there are extensions.
            writer.WriteInteger(1);
            // §5.1.2.2
            writer.WriteEncoded(Signature.AlgorithmIdentifier.Span);
            // §5.1.2.3
            writer.WriteEncoded(Issuer.Der.Span);
            // §5.1.2.4, §5.1.2.5
            writer.WriteTime(ThisUpdate);
            writer.WriteTime(NextUpdate);
            WriteEntries(writer, entries);
            // crlExtensions [0] EXPLICIT
            using var tagged = writer.Constructed(DerTag.ContextConstructed(0));
            X509Extension.WriteAll(writer, [.. Extensions()]);
        }

        return writer.ToArray();
    }

    // §5.1.2.6: without a revoked certificate the list is absent, not empty.
    private static void WriteEntries(DerWriter writer, IEnumerable<RevokedCertificate> entries)
    {
        using var enumerator = entries.GetEnumerator();
        if (!enumerator.MoveNext())
        {
            return;
        }

        using var list = writer.Sequence();
        do
        {
            enumerator.Current.Write(writer);
        }
        while (enumerator.MoveNext());
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

        if (AlternativeSignature is { } alternative)
        {
            yield return X509Extension.AltSignatureAlgorithm(alternative);
        }
    }
}
