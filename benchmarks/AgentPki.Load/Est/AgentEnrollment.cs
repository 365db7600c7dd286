using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Load.Http;

namespace AgentPki.Load.Est;

/// <summary>Agents that a run begins with.</summary>
internal static class AgentEnrollment
{
    /// <summary>One agent with a P-256 key, by <c>simpleenroll</c> with HTTP Basic.</summary>
    internal static X509Certificate2 Enrol(LoopbackTarget target, TlsSettings tls, string authorization, AgentName name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] body = Encoding.ASCII.GetBytes(Convert.ToBase64String(name.Request(key)));
        using HttpConnection connection = HttpConnection.Open(target, tls);
        HttpAnswer answer = connection.Exchange(RequestBytes.Post(target, "application/pkcs10", body, authorization));
        if (answer.Status != 200)
            throw new LoadException($"Enrolling a client answered {answer.Status}: {Encoding.UTF8.GetString(answer.Body.Span)}");
        using X509Certificate2 certificate = CertsOnly.Load(answer.Body.Span)[0];
        return certificate.CopyWithPrivateKey(key);
    }
}
