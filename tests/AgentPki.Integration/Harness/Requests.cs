using System.Text;

namespace AgentPki.Integration.Harness;

/// <summary>Octets of HTTP requests.</summary>
internal static class Requests
{
    public const string EstRoot = "/.well-known/est/";
    public const string Pkcs10 = "application/pkcs10";

    /// <summary>A GET that closes its connection.</summary>
    public static byte[] Get(string path, params string[] headers) => Bytes("GET", path, headers, []);

    /// <summary>A POST with Content-Length that closes its connection.</summary>
    public static byte[] Post(string path, string? mediaType, byte[] body, params string[] headers)
    {
        List<string> all = [.. headers, $"Content-Length: {body.Length}"];
        if (mediaType is not null)
        {
            all.Add($"Content-Type: {mediaType}");
        }

        return Bytes("POST", path, all, body);
    }

    /// <summary>An enrolment with a base64 body in one line.</summary>
    public static byte[] Enroll(string operation, byte[] der, params string[] headers) =>
        Post(EstRoot + operation, Pkcs10, Base64(der), headers);

    public static byte[] Base64(byte[] der) => Encoding.ASCII.GetBytes(Convert.ToBase64String(der) + "\n");

    /// <summary>The header of HTTP Basic (RFC 7617).</summary>
    public static string Basic(string credential) => $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(credential))}";

    public static byte[] Bytes(string method, string target, IEnumerable<string> headers, byte[] body)
    {
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        foreach (var header in headers)
        {
            head.Append(header).Append("\r\n");
        }

        return [.. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), .. body];
    }
}
