using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Integration.Harness;

/// <summary>Well-formed PKCS#10 requests, made by .NET: an encoder that is not the appliance's.</summary>
internal static class Csr
{
    public const string TrustDomain = "agents.localhost";

    /// <summary>A request for CN and one DNS name, signed by its own P-256 key.</summary>
    public static byte[] ForDns(ECDsa key, string name) =>
        Create(key, $"CN={name}", names => names.AddDnsName(name));

    public static byte[] Create(ECDsa key, string subject, Action<SubjectAlternativeNameBuilder>? names = null, Action<CertificateRequest>? edit = null) =>
        Finish(new CertificateRequest(subject, key, key.KeySize == 384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256), names, edit);

    public static byte[] Create(RSA key, string subject, Action<SubjectAlternativeNameBuilder>? names = null, Action<CertificateRequest>? edit = null, RSASignaturePadding? padding = null, HashAlgorithmName? hash = null) =>
        Finish(new CertificateRequest(subject, key, hash ?? HashAlgorithmName.SHA256, padding ?? RSASignaturePadding.Pkcs1), names, edit);

    public static ECDsa NewP256() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>A name that no other test uses: the appliance remembers names and keys.</summary>
    public static string NewName(string prefix) => $"{prefix}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}.agents.test";

    public static IPAddress Loopback => IPAddress.Loopback;

    private static byte[] Finish(CertificateRequest request, Action<SubjectAlternativeNameBuilder>? names, Action<CertificateRequest>? edit)
    {
        if (names is not null)
        {
            var builder = new SubjectAlternativeNameBuilder();
            names(builder);
            request.CertificateExtensions.Add(builder.Build());
        }

        edit?.Invoke(request);
        return request.CreateSigningRequest();
    }
}
