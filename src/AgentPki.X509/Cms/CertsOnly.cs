using AgentPki.X509.Certificates;
using AgentPki.X509.Der;

namespace AgentPki.X509.Cms;

/// <summary>A SignedData that signs nothing and carries certificates (RFC 5272 §4.1 "Simple PKI Response", RFC 7030 §4.1.3).</summary>
public static class CertsOnly
{
    /// <summary>The DER ContentInfo, certificates in the order given.</summary>
    public static byte[] Encode(params IEnumerable<ReadOnlyMemory<byte>> certificates)
    {
        using var writer = new DerWriter(4096);
        using (writer.Sequence())
        {
            writer.WriteOid(Oids.CmsSignedData);
            using var content = writer.Constructed(DerTag.ContextConstructed(0));
            using var signedData = writer.Sequence();
            // RFC 5652 §5.1: version 1 when there are only certificates and the content is id-data.
            writer.WriteInteger(1);
            writer.Write(DerTag.Set, []);
            using (writer.Sequence())
            {
                writer.WriteOid(Oids.CmsData);
            }

            using (writer.Constructed(DerTag.ContextConstructed(0)))
            {
                // CertificateSet is a SET OF; DER would sort it, but everybody writes and expects issuing order here, and nothing signs it.
                foreach (var certificate in certificates)
                {
                    writer.WriteEncoded(certificate.Span);
                }
            }

            writer.Write(DerTag.Set, []);
        }

        return writer.ToArray();
    }

    /// <summary>The certificates of a certs-only (or any) SignedData in the order of the octets; CRLs and signers are ignored.</summary>
    /// <exception cref="MalformedDataException">Not the DER of a SignedData ContentInfo, or a certificate that cannot be read.</exception>
    public static IReadOnlyList<Certificate> Parse(ReadOnlyMemory<byte> der)
    {
        var element = ContentInfo.Decode(der, out var type);
        if (type != Oids.CmsSignedData)
        {
            throw new MalformedDataException($"contentType: {type} where SignedData belongs");
        }

        var content = new DerReader(element);
        var signedData = content.ReadSequence("SignedData");
        signedData.ReadInt32("version", 1, 5);
        signedData.ReadElement(DerTag.Set, "digestAlgorithms");
        signedData.ReadElement(DerTag.Sequence, "encapContentInfo");
        var certificates = signedData.NextIs(DerTag.ContextConstructed(0)) ? ReadCertificates(signedData.ReadConstructed(DerTag.ContextConstructed(0), "certificates")) : [];
        if (signedData.NextIs(DerTag.ContextConstructed(1)))
        {
            signedData.ReadElement(DerTag.ContextConstructed(1), "crls");
        }

        signedData.ReadElement(DerTag.Set, "signerInfos");
        signedData.End("SignedData");
        return certificates;
    }

    /// <summary>A CertificateSet's plain certificates; attribute certificates and other kinds are refused.</summary>
    internal static List<Certificate> ReadCertificates(DerReader set)
    {
        var certificates = new List<Certificate>(3);
        while (!set.IsEmpty)
        {
            if (certificates.Count == Limits.CmsCertificates)
            {
                throw set.Malformed($"certificates: more than {Limits.CmsCertificates}");
            }

            certificates.Add(Certificate.Parse(set.ReadElement(DerTag.Sequence, "certificate")));
        }

        return certificates;
    }
}
