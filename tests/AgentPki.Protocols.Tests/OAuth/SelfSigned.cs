using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Protocols.Tests.OAuth;

/// <summary>Certificates that clients sign themselves.</summary>
internal static class SelfSigned
{
    public static X509Certificate2 Make(ECDsa key, DateTimeOffset now, string? spiffeId = null)
    {
        var request = new CertificateRequest("CN=self", key, HashAlgorithmName.SHA256);
        if (spiffeId is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddUri(new Uri(spiffeId));
            request.CertificateExtensions.Add(names.Build());
        }

        return request.CreateSelfSigned(now.AddMinutes(-5), now.AddHours(1));
    }
}
