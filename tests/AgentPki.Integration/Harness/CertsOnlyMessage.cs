using System.Security.Cryptography.X509Certificates;
using System.Text;
using Org.BouncyCastle.Cms;

namespace AgentPki.Integration.Harness;

/// <summary>Reads a certs-only CMS message (RFC 5272 §4.1, as EST carries it) with BouncyCastle: a decoder that is not the appliance's.</summary>
internal static class CertsOnlyMessage
{
    public static X509Certificate2Collection FromBase64(byte[] body) =>
        FromDer(Convert.FromBase64String(new string([.. Encoding.ASCII.GetString(body).Where(character => !char.IsWhiteSpace(character))])));

    public static X509Certificate2Collection FromDer(byte[] der)
    {
        var certificates = new X509Certificate2Collection();
        foreach (var certificate in new CmsSignedData(der).GetCertificates().EnumerateMatches(null))
        {
            certificates.Add(X509CertificateLoader.LoadCertificate(certificate.GetEncoded()));
        }

        return certificates;
    }
}
