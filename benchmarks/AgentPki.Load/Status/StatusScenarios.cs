using System.Security.Cryptography.X509Certificates;
using AgentPki.Load.Driving;
using AgentPki.Load.Http;
using AgentPki.Load.Reporting;

namespace AgentPki.Load.Status;

/// <summary>The plain-HTTP side: OCSP by GET and POST, the CRL, and any other resource (for a bare handshake: a small page over TLS).</summary>
internal static class StatusScenarios
{
    internal static Report Ocsp(LoopbackTarget target, bool post, X509Certificate2 issuer, IReadOnlyList<X509Certificate2> subjects, RunPlan plan, ServerProcess? server, CancellationToken cancellationToken)
    {
        byte[][] questions = [.. subjects.Select(s => OcspRequestBytes.For(issuer, s.SerialNumberBytes))];
        byte[][] requests = [.. questions.Select(q => post
            ? RequestBytes.Post(target, "application/ocsp-request", q)
            : RequestBytes.Get(target.WithPath($"{target.PathAndQuery.TrimEnd('/')}/{Uri.EscapeDataString(Convert.ToBase64String(q))}")))];
        byte[] successful = [0x0A, 0x01, 0x00, 0xA0];
        // RFC 6960 §4.2.1: OCSPResponse begins SEQUENCE { ENUMERATED successful(0) …; the answer repeats the CertID's serial.
        string? Judge(int asked, HttpAnswer answer) =>
            answer.Body.Span.IndexOf(successful) is < 2 or > 6 ? "not a successful response"
            : answer.Body.Span.IndexOf(subjects[asked].SerialNumberBytes.Span) < 0 ? "answer for another certificate"
            : null;
        return Run($"OCSP {(post ? "POST" : "GET")}, {subjects.Count} certificates", target, null, requests, Judge, plan, server, cancellationToken);
    }

    internal static Report CertificateList(LoopbackTarget target, RunPlan plan, ServerProcess? server, CancellationToken cancellationToken) =>
        Run("CRL", target, null, [RequestBytes.Get(target)], (_, answer) => answer.Body.Length > 64 && answer.Body.Span[0] == 0x30 ? null : "not a CertificateList", plan, server, cancellationToken);

    internal static Report Resource(LoopbackTarget target, TlsSettings? tls, RunPlan plan, ServerProcess? server, CancellationToken cancellationToken) =>
        Run($"GET {target.PathAndQuery}", target, tls, [RequestBytes.Get(target)], (_, _) => null, plan, server, cancellationToken);

    private static Report Run(string scenario, LoopbackTarget target, TlsSettings? tls, byte[][] requests, Func<int, HttpAnswer, string?> judge, RunPlan plan, ServerProcess? server, CancellationToken cancellationToken)
    {
        List<Conversation> conversations = [.. Enumerable.Range(0, plan.Connections).Select(_ => new StatusConversation(target, tls, requests, judge))];
        Measurement measured = new LoadRun(plan, server).Execute(conversations, cancellationToken);
        return new Report(scenario, $"{target.Host}:{target.EndPoint.Port}", plan, measured, [], true);
    }
}
