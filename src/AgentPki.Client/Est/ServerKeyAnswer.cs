using System.Text;

namespace AgentPki.Client.Est;

/// <summary>RFC 7030 §4.4.2: multipart/mixed of the private key (plain or enveloped) and the certificate.</summary>
internal static class ServerKeyAnswer
{
    internal static async Task<EstServerKey> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var boundary = content.Headers.ContentType is { MediaType: "multipart/mixed" } type
            ? type.Parameters.FirstOrDefault(p => p.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase))?.Value?.Trim('"')
            : null;
        if (string.IsNullOrEmpty(boundary))
        {
            throw new EstProtocolException("The answer to serverkeygen is not multipart/mixed with a boundary (RFC 7030 §4.4.2).");
        }

        var parts = Split(await content.ReadAsStringAsync(cancellationToken), boundary);
        var key = parts.FirstOrDefault(p => p.Type.StartsWith("application/pkcs8", StringComparison.OrdinalIgnoreCase));
        var enveloped = parts.FirstOrDefault(p => p.Type.Contains("server-generated-key", StringComparison.OrdinalIgnoreCase));
        var certificate = parts.FirstOrDefault(p => p.Type.Contains("certs-only", StringComparison.OrdinalIgnoreCase))
            ?? parts.LastOrDefault(p => p != enveloped && p.Type.StartsWith("application/pkcs7-mime", StringComparison.OrdinalIgnoreCase));
        if (certificate is null || (key ?? enveloped) is not { } secret)
        {
            throw new EstProtocolException("The answer to serverkeygen lacks the key or the certificate (RFC 7030 §4.4.2).");
        }

        return EstClient.ParseCertificates(EstClient.Decode(certificate.Body)) is [var issued]
            ? new EstServerKey.Issued(issued, EstClient.Decode(secret.Body), IsEncrypted: key is null)
            : throw new EstProtocolException("The answer to serverkeygen does not carry exactly one certificate (RFC 7030 §4.4.2).");
    }

    /// <summary>RFC 2046 §5.1.1, as far as two text parts need it.</summary>
    private static List<Part> Split(string body, string boundary)
    {
        var parts = new List<Part>();
        string? type = null;
        StringBuilder? text = null;
        var inHeaders = false;
        foreach (var line in body.ReplaceLineEndings("\n").Split('\n'))
        {
            if (line.StartsWith("--" + boundary, StringComparison.Ordinal))
            {
                if (text is not null)
                {
                    parts.Add(new Part(type ?? "", text.ToString()));
                }

                (type, text, inHeaders) = (null, new StringBuilder(), true);
            }
            else if (inHeaders && line.Length == 0)
            {
                inHeaders = false;
            }
            else if (inHeaders && line.StartsWith("Content-Type:", StringComparison.OrdinalIgnoreCase))
            {
                type = line["Content-Type:".Length..].Trim();
            }
            else if (!inHeaders)
            {
                text?.Append(line).Append('\n');
            }
        }

        return parts;
    }

    private sealed record Part(string Type, string Body);
}
