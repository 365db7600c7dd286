using AgentPki.Cryptography;
using AgentPki.X509.Der;
using AgentPki.X509.Names;

namespace AgentPki.X509.Extensions;

public sealed partial record X509Extension
{
    /// <summary>RFC 5280 §4.2.1.9, critical in a CA certificate. A leaf's says nothing (an empty SEQUENCE).</summary>
    public static X509Extension BasicConstraints(bool certificateAuthority, int? pathLength = null) => new BasicConstraints(certificateAuthority, pathLength).ToExtension();

    /// <summary>RFC 5280 §4.2.1.3, critical.</summary>
    public static X509Extension KeyUsage(KeyUsages usages)
    {
        using var writer = new DerWriter(16);
        writer.WriteNamedBits((uint)usages);
        return new X509Extension(Oids.KeyUsage, true, writer.ToArray());
    }

    /// <summary>RFC 5280 §4.2.1.12.</summary>
    public static X509Extension ExtendedKeyUsage(params IEnumerable<string> purposes) => ExtendedKeyUsage(false, purposes);

    public static X509Extension ExtendedKeyUsage(bool critical, params IEnumerable<string> purposes) => new(Oids.ExtendedKeyUsage, critical, SequenceOf(purposes, (w, oid) => w.WriteOid(oid)));

    /// <summary>RFC 5280 §4.2.1.6; <paramref name="critical"/> exactly when the subject is empty.</summary>
    public static X509Extension SubjectAlternativeName(IEnumerable<GeneralName> names, bool critical = false) =>
        new(Oids.SubjectAlternativeName, critical, SequenceOf(names, (w, name) => name.Write(w)));

    /// <summary>RFC 5280 §4.2.1.1, keyIdentifier form.</summary>
    public static X509Extension AuthorityKeyIdentifier(ReadOnlyMemory<byte> keyIdentifier)
    {
        using var writer = new DerWriter(64);
        using (writer.Sequence())
        {
            writer.Write(DerTag.Context(0), keyIdentifier.Span);
        }

        return new X509Extension(Oids.AuthorityKeyIdentifier, false, writer.ToArray());
    }

    /// <summary>RFC 5280 §4.2.1.2; what <c>PublicKey.KeyIdentifier()</c> gives.</summary>
    public static X509Extension SubjectKeyIdentifier(ReadOnlyMemory<byte> keyIdentifier)
    {
        using var writer = new DerWriter(64);
        writer.WriteOctetString(keyIdentifier.Span);
        return new X509Extension(Oids.SubjectKeyIdentifier, false, writer.ToArray());
    }

    /// <summary>RFC 5280 §4.2.2.1: where the issuer's OCSP responder and its certificate are found.</summary>
    public static X509Extension AuthorityInformationAccess(IEnumerable<string> ocsp, IEnumerable<string> caIssuers) =>
        new(Oids.AuthorityInformationAccess, false, SequenceOf(
            ocsp.Select(url => (Method: Oids.AccessMethodOcsp, Url: url)).Concat(caIssuers.Select(url => (Method: Oids.AccessMethodCaIssuers, Url: url))),
            (w, access) =>
            {
                using var description = w.Sequence();
                w.WriteOid(access.Method);
                new GeneralName.Uri(access.Url).Write(w);
            }));

    /// <summary>RFC 5280 §4.2.1.13: one distribution point a URL, each with the complete CRL.</summary>
    public static X509Extension CrlDistributionPoints(params IEnumerable<string> urls) => new(Oids.CrlDistributionPoints, false, DistributionPoints(urls));

    /// <summary>RFC 5280 §4.2.1.15, §5.2.6: where the delta CRL is found.</summary>
    public static X509Extension FreshestCrl(params IEnumerable<string> urls) => new(Oids.FreshestCrl, false, DistributionPoints(urls));

    /// <summary>X.509 (2019) §9.5.2.9: the CRL keeps certificates that ended at that time or later; GeneralizedTime, not critical.</summary>
    public static X509Extension ExpiredCertificatesOnList(DateTimeOffset since)
    {
        using var writer = new DerWriter(32);
        writer.WriteGeneralizedTime(since);
        return new X509Extension(Oids.ExpiredCertificatesOnList, false, writer.ToArray());
    }

    /// <summary>RFC 5280 §4.2.1.4, policy identifiers without qualifiers.</summary>
    public static X509Extension CertificatePolicies(params IEnumerable<string> policies) =>
        new(Oids.CertificatePolicies, false, SequenceOf(policies, (w, oid) =>
        {
            using var policy = w.Sequence();
            w.WriteOid(oid);
        }));

    /// <summary>RFC 5280 §4.2.1.10, critical; of an issuing CA only.</summary>
    public static X509Extension NameConstraints(IEnumerable<NameSubtree> permitted, IEnumerable<NameSubtree>? excluded = null) =>
        new NameConstraints([.. permitted], [.. excluded ?? []]).ToExtension();

    /// <summary>RFC 9608 §2: no revocation information exists for this certificate; NULL, not critical.</summary>
    public static X509Extension NoRevocationAvailable() => new(Oids.NoRevocationAvailable, false, new byte[] { 0x05, 0x00 });

    /// <summary>RFC 6960 §4.2.2.2.1 id-pkix-ocsp-nocheck: a delegated responder that need not be checked itself; NULL, not critical.</summary>
    public static X509Extension OcspNoCheck() => new(Oids.OcspNoCheck, false, new byte[] { 0x05, 0x00 });

    /// <summary>X.509 (2019) §9.8.2: a second key of the subject, of another algorithm; not critical, so that whoever does not know it goes by the first.</summary>
    public static X509Extension SubjectAltPublicKeyInfo(PublicKey key) => new(Oids.SubjectAltPublicKeyInfo, false, key.SubjectPublicKeyInfo);

    /// <summary>X.509 (2019) §9.8.3: with what the issuer signs a second time; not critical.</summary>
    public static X509Extension AltSignatureAlgorithm(SignatureAlgorithm algorithm) => new(Oids.AltSignatureAlgorithm, false, algorithm.AlgorithmIdentifier);

    /// <summary>X.509 (2019) §9.8.4: the issuer's second signature, over what <see cref="Certificates.PreTbs"/> gives; not critical.</summary>
    public static X509Extension AltSignatureValue(ReadOnlySpan<byte> signature)
    {
        using var writer = new DerWriter(signature.Length + 8);
        writer.WriteBitString(signature);
        return new X509Extension(Oids.AltSignatureValue, false, writer.ToArray());
    }

    /// <summary>RFC 5280 §5.2.3.</summary>
    public static X509Extension CrlNumber(long number)
    {
        using var writer = new DerWriter(16);
        writer.WriteInteger(number);
        return new X509Extension(Oids.CrlNumber, false, writer.ToArray());
    }

    /// <summary>RFC 5280 §5.2.5, critical.</summary>
    public static X509Extension IssuingDistributionPoint(IssuingDistributionPoint point) => point.ToExtension();

    private static byte[] DistributionPoints(IEnumerable<string> urls) => SequenceOf(urls, (w, url) =>
    {
        using var point = w.Sequence();
        using var name = w.Constructed(DerTag.ContextConstructed(0));
        using var fullName = w.Constructed(DerTag.ContextConstructed(0));
        new GeneralName.Uri(url).Write(w);
    });

    private static byte[] SequenceOf<T>(IEnumerable<T> items, Action<DerWriter, T> write)
    {
        using var writer = new DerWriter(512);
        var any = false;
        using (writer.Sequence())
        {
            foreach (var item in items)
            {
                write(writer, item);
                any = true;
            }
        }

        // SIZE (1..MAX) everywhere in RFC 5280: an extension with nothing to say is left out.
        return any ? writer.ToArray() : throw new ArgumentException("The extension would be empty; leave it out.", nameof(items));
    }
}
