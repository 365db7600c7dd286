using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using AgentPki.Load.Http;

namespace AgentPki.Load.OAuth;

/// <summary>An agent as an OAuth client: its certificate, its client_id (the certificate's SPIFFE ID), and its requests.</summary>
internal sealed record TokenClient(LoopbackTarget Server, TlsSettings Tls, X509Certificate2 Certificate, string Id)
{
    private const string Form = "application/x-www-form-urlencoded";

    /// <summary>RFC 8705 §3.1: what its tokens are bound to.</summary>
    internal string Thumbprint { get; } = Base64Url.EncodeToString(SHA256.HashData(Certificate.RawDataMemory.Span));

    internal byte[] TokenRequest() => Post("/oauth/token", "grant_type=client_credentials");

    internal byte[] Introspection(string token) => Post("/oauth/introspect", $"token={token}");

    /// <summary>A token of its own, before the clock starts.</summary>
    internal string Obtain()
    {
        using HttpConnection connection = HttpConnection.Open(Server, Tls.WithClient(Certificate));
        HttpAnswer answer = connection.Exchange(TokenRequest());
        return TokenConversation.TokenIn(answer.Body.Span) is { } token && answer.Status == 200
            ? token
            : throw new LoadException($"Asking for a token answered {answer.Status}: {Encoding.UTF8.GetString(answer.Body.Span)}");
    }

    private byte[] Post(string path, string parameters) =>
        RequestBytes.Post(Server.WithPath(path), Form, Encoding.ASCII.GetBytes($"{parameters}&client_id={Uri.EscapeDataString(Id)}"));
}
