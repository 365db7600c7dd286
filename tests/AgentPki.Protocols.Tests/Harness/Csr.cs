using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>Requests as a stock client makes them.</summary>
internal static class Csr
{
    public static byte[] Der(string name = "agent-1", ECDsa? key = null, Action<CertificateRequest>? configure = null)
    {
        using var made = key is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        var request = new CertificateRequest($"CN={name}", key ?? made!, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName($"{name}.agents.test");
        request.CertificateExtensions.Add(names.Build());
        configure?.Invoke(request);
        return request.CreateSigningRequest();
    }

    public static string Base64(string name = "agent-1") => Convert.ToBase64String(Der(name));
}
