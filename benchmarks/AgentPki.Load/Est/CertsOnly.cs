using System.Buffers;
using System.Buffers.Text;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Load.Est;

/// <summary>Reads EST's answers: base64 (RFC 8951 §2.1, with or without line breaks) of a certs-only CMS SignedData (RFC 5652 §5.1).</summary>
internal static class CertsOnly
{
    /// <summary>Base64 to DER in <paramref name="destination"/>; false when it is not base64 or too long.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> body, Span<byte> destination, out int written) =>
        Base64.DecodeFromUtf8(body, destination, out _, out written) == OperationStatus.Done;

    /// <exception cref="AsnContentException">Not a certs-only message.</exception>
    internal static IReadOnlyList<ReadOnlyMemory<byte>> Certificates(ReadOnlyMemory<byte> der)
    {
        AsnReader content = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        content.ReadObjectIdentifier();
        AsnReader signed = content.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        signed.ReadInteger();
        signed.ReadSetOf();
        signed.ReadSequence();
        AsnReader set = signed.ReadSetOf(skipSortOrderValidation: true, new Asn1Tag(TagClass.ContextSpecific, 0));
        var certificates = new List<ReadOnlyMemory<byte>>();
        while (set.HasData)
            certificates.Add(set.ReadEncodedValue());
        return certificates;
    }

    internal static X509Certificate2[] Load(ReadOnlySpan<byte> base64)
    {
        byte[] der = new byte[base64.Length];
        return TryDecode(base64, der, out int length)
            ? [.. Certificates(der.AsMemory(0, length)).Select(c => X509CertificateLoader.LoadCertificate(c.Span))]
            : throw new InvalidDataException("The answer is not base64.");
    }
}
