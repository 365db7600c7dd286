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
        var der = await SignAsync(folder, identity.Certificate, identity.Key, request, "sha256", arguments => OpenSsl.RunAsync(folder, arguments));
        (await OpenSsl.RunAsync(folder, "base64", "-in", der, "-out", der + ".b64")).MustSucceed();
        return der + ".b64";
    }

    /// <summary>The same by another openssl; the file that holds its DER.</summary>
    public static async Task<string> SignAsync(TempFolder folder, string certificate, string key, byte[] request, string digest, Func<string[], Task<ToolResult>> openssl)
    {
        var (plain, der) = (folder.File("pkidata.der"), folder.File("cmc.der"));
        await File.WriteAllBytesAsync(plain, Data(request));
        (await openssl(["cms", "-sign", "-binary", "-nodetach", "-econtent_type", PkiData, "-signer", certificate, "-inkey", key, "-md", digest, "-in", plain, "-outform", "DER", "-out", der])).MustSucceed();
        return der;
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
