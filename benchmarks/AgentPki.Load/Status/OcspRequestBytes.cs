using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Load.Status;

/// <summary>One-certificate OCSP requests (RFC 6960 §4.1.1, SHA-1 CertID as RFC 5019 §2.1.1 wants them).</summary>
internal static class OcspRequestBytes
{
    internal static byte[] For(X509Certificate2 issuer, ReadOnlyMemory<byte> serial)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.3.14.3.2.26");
                writer.WriteNull();
            }

            writer.WriteOctetString(SHA1.HashData(issuer.SubjectName.RawData));
            writer.WriteOctetString(SHA1.HashData(issuer.PublicKey.EncodedKeyValue.RawData));
            writer.WriteInteger(serial.Span);
        }

        return writer.Encode();
    }
}
