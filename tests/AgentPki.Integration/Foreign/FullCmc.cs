using System.Formats.Asn1;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>Full CMC requests (RFC 5272 §3.2), signed by openssl with a certificate of the client.</summary>
internal static class FullCmc
{
    public const string MediaType = "application/pkcs7-mime; smime-type=CMC-request";
    private const string PkiData = "1.3.6.1.5.5.7.12.2";

    /// <summary>A PKIData with one PKCS#10 request, signed; the file that holds it in base64.</summary>
    public static async Task<string> SignAsync(TempFolder folder, OpenSslRequest identity, byte[] request)
    {
        var (plain, der, base64) = (folder.File("pkidata.der"), folder.File("cmc.der"), folder.File("cmc.b64"));
        await File.WriteAllBytesAsync(plain, Data(request));
        (await OpenSsl.RunAsync(folder, "cms", "-sign", "-binary", "-nodetach", "-econtent_type", PkiData, "-signer", identity.Certificate, "-inkey", identity.Key, "-md", "sha256", "-in", plain, "-outform", "DER", "-out", der)).MustSucceed();
        (await OpenSsl.RunAsync(folder, "base64", "-in", der, "-out", base64)).MustSucceed();
        return base64;
    }

    // PKIData ::= SEQUENCE { controlSequence, reqSequence { [0] TaggedCertificationRequest { bodyPartID, request } }, cmsSequence, otherMsgSequence }
    private static byte[] Data(byte[] request)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
            }

            using (writer.PushSequence())
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                {
                    writer.WriteInteger(1);
                    writer.WriteEncodedValue(request);
                }
            }

            using (writer.PushSequence())
            {
            }

            using (writer.PushSequence())
            {
            }
        }

        return writer.Encode();
    }
}
