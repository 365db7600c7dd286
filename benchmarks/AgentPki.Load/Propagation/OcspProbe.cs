using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Load.Http;
using AgentPki.Load.Status;
using AgentPki.X509.Ocsp;

namespace AgentPki.Load.Propagation;

/// <summary>Asks the appliance's OCSP responder about the probe until it says revoked.</summary>
internal static class OcspProbe
{
    /// <summary>When that answer was there, and how many before it said something else.</summary>
    internal static (long At, int Good) UntilRevoked(LoopbackTarget server, X509Certificate2 issuer, X509Certificate2 probe, TimeSpan limit)
    {
        LoopbackTarget target = server.WithPath("/ocsp");
        byte[] request = RequestBytes.Post(target, "application/ocsp-request", OcspRequestBytes.For(issuer, probe.SerialNumberBytes));
        using HttpConnection connection = HttpConnection.Open(target, null);
        int others = 0;
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < limit; others++)
        {
            HttpAnswer answer = connection.Exchange(request);
            long now = Stopwatch.GetTimestamp();
            if (answer.Status == 200 && OcspResponse.Parse(answer.Body.ToArray()).Data?.Responses is [{ Status: OcspCertificateStatus.Revoked }])
                return (now, others);
        }

        throw new LoadException("OCSP never said revoked.");
    }
}
