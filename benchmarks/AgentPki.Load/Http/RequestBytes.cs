using System.Text;

namespace AgentPki.Load.Http;

/// <summary>Whole HTTP/1.1 requests, built before the clock starts.</summary>
internal static class RequestBytes
{
    internal static byte[] Get(LoopbackTarget target) =>
        Encoding.ASCII.GetBytes($"GET {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Host}:{target.EndPoint.Port}\r\n\r\n");

    internal static byte[] Post(LoopbackTarget target, string contentType, ReadOnlySpan<byte> body, string? authorization = null)
    {
        string head = $"POST {target.PathAndQuery} HTTP/1.1\r\nHost: {target.Host}:{target.EndPoint.Port}\r\nContent-Type: {contentType}\r\n"
            + $"Content-Length: {body.Length}\r\n" + (authorization is null ? "" : $"Authorization: {authorization}\r\n") + "\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    /// <summary>The value of an Authorization header (RFC 7617) for <c>name:secret</c>.</summary>
    internal static string Basic(string userAndPassword) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(userAndPassword));
}
