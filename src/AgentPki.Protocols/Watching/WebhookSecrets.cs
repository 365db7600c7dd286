using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Protocols.Watching;

/// <summary>The secrets that sign a webhook's messages (Standard Webhooks 1.0.0, symmetric signatures): the newest, and while it is changed the one before.</summary>
internal sealed class WebhookSecrets
{
    private const string Prefix = "whsec_";
    private const int Shortest = 24;
    private const int Longest = 64;
    private const int Most = 2;
    private readonly IReadOnlyList<byte[]> _secrets;

    private WebhookSecrets(IReadOnlyList<byte[]> secrets) => _secrets = secrets;

    /// <summary>One secret a line: <c>whsec_</c> and the base64 of 24 to 64 octets; empty lines are overlooked. Null when that is not so.</summary>
    public static WebhookSecrets? TryParse(string text)
    {
        var secrets = new List<byte[]>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var octets = new byte[Longest];
            if (!line.StartsWith(Prefix, StringComparison.Ordinal) || !Convert.TryFromBase64String(line[Prefix.Length..], octets, out var length) || length < Shortest || secrets.Count == Most)
            {
                return null;
            }

            secrets.Add(octets[..length]);
        }

        return secrets.Count > 0 ? new WebhookSecrets(secrets) : null;
    }

    /// <summary>The header <c>webhook-signature</c>: one signature by each secret, over <c>id.timestamp.body</c>.</summary>
    /// <param name="timestamp">Seconds since 1970, decimal.</param>
    public string Sign(string id, string timestamp, ReadOnlySpan<byte> body)
    {
        var head = Encoding.UTF8.GetBytes($"{id}.{timestamp}.");
        var signed = new byte[head.Length + body.Length];
        head.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(head.Length));
        return string.Join(' ', _secrets.Select(secret => $"v1,{Convert.ToBase64String(HMACSHA256.HashData(secret, signed))}"));
    }
}
