using AgentPki.X509.Der;
using AgentPki.X509.Extensions;

namespace AgentPki.X509.Certificates;

/// <summary>
/// What an alternative signature covers, and how it comes into what the primary signature covers (X.509 (2019) §7.2.2, §7.10.3, §9.8.4). Everything is done on the
/// octets as they stand: nothing is encoded anew but the lengths around what is left out or put in.
/// </summary>
/// <remarks>
/// PreTBSCertificate and PreTBSCertList are the TBSCertificate and the TBSCertList without their signature field, which names the primary algorithm, and
/// without the altSignatureValue extension. altSignatureAlgorithm stays in: the alternative signature protects its own algorithm.
/// </remarks>
public static class PreTbs
{
    private static readonly byte CertificateExtensions = DerTag.ContextConstructed(3);
    private static readonly byte ListExtensions = DerTag.ContextConstructed(0);

    /// <summary>The DER PreTBSCertificate of a TBSCertificate, with or without an altSignatureValue in it.</summary>
    /// <exception cref="MalformedDataException">Not the DER of a TBSCertificate.</exception>
    public static byte[] OfCertificate(ReadOnlyMemory<byte> tbsCertificate) => Rewrite(tbsCertificate, CertificateExtensions, "tbsCertificate", null);

    /// <summary>The DER PreTBSCertList of a TBSCertList.</summary>
    /// <exception cref="MalformedDataException">Not the DER of a TBSCertList.</exception>
    public static byte[] OfCertificateList(ReadOnlyMemory<byte> tbsCertList) => Rewrite(tbsCertList, ListExtensions, "tbsCertList", null);

    /// <summary>The TBSCertificate with altSignatureValue as its last extension: what the primary signature then covers.</summary>
    /// <param name="draft">A TBSCertificate with an altSignatureAlgorithm and without a value.</param>
    /// <exception cref="MalformedDataException">Not the DER of a TBSCertificate with extensions.</exception>
    public static byte[] CompleteCertificate(ReadOnlyMemory<byte> draft, ReadOnlySpan<byte> alternativeSignature) =>
        Rewrite(draft, CertificateExtensions, "tbsCertificate", X509Extension.AltSignatureValue(alternativeSignature));

    /// <summary>The TBSCertList with altSignatureValue as its last extension.</summary>
    /// <exception cref="MalformedDataException">Not the DER of a TBSCertList with extensions.</exception>
    public static byte[] CompleteCertificateList(ReadOnlyMemory<byte> draft, ReadOnlySpan<byte> alternativeSignature) =>
        Rewrite(draft, ListExtensions, "tbsCertList", X509Extension.AltSignatureValue(alternativeSignature));

    // With something to add the signature field stays; without, it is left out together with the value.
    private static byte[] Rewrite(ReadOnlyMemory<byte> tbs, byte extensionsTag, string field, X509Extension? add)
    {
        var outer = new DerReader(tbs);
        var fields = outer.ReadSequence(field);
        outer.End(field);
        using var writer = new DerWriter(tbs.Length + (add?.Value.Length ?? 0) + 32);
        var (signatureSeen, extensionsSeen) = (false, false);
        using (writer.Sequence())
        {
            while (!fields.IsEmpty)
            {
                // The first SEQUENCE of both structures is their signature field; before it come version and serial number.
                if (!signatureSeen && fields.NextIs(DerTag.Sequence))
                {
                    var signature = fields.ReadElement(DerTag.Sequence, "signature");
                    writer.WriteEncoded(add is null ? default : signature.Span);
                    signatureSeen = true;
                }
                else if (signatureSeen && fields.NextIs(extensionsTag))
                {
                    WriteExtensions(writer, fields.ReadConstructed(extensionsTag, "extensions"), extensionsTag, add);
                    extensionsSeen = true;
                }
                else
                {
                    writer.WriteEncoded(fields.ReadElement(field).Span);
                }
            }
        }

        return add is null || extensionsSeen ? writer.ToArray() : throw fields.Malformed($"{field}: no extensions to put an altSignatureValue into");
    }

    private static void WriteExtensions(DerWriter writer, DerReader tagged, byte tag, X509Extension? add)
    {
        var extensions = tagged.ReadSequence("extensions");
        tagged.End("extensions");
        using var scope = writer.Constructed(tag);
        using var sequence = writer.Sequence();
        while (!extensions.IsEmpty)
        {
            var element = extensions.ReadElement(DerTag.Sequence, "Extension");
            if (extensions.Inside(element).ReadSequence("Extension").ReadOid("extnID") != Oids.AltSignatureValue)
            {
                writer.WriteEncoded(element.Span);
            }
            else if (add is not null)
            {
                throw extensions.Malformed("extensions: altSignatureValue is there already");
            }
        }

        add?.Write(writer);
    }
}
