using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Http;

/// <summary>What an Authorization header says: nothing, a name and a secret (RFC 7617), or something this appliance does not take.</summary>
public readonly record struct BasicCredentials(string? Name, string? Secret, string? Error)
{
    private const string Scheme = "Basic ";
    private const int MaximumLength = 1024;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public bool IsPresent => Name is not null;

    /// <summary>Names the credential and never its secret (invariant 8).</summary>
    public override string ToString() => Name is null ? "none" : $"Basic {Name}";

    /// <summary>RFC 7617 §2: base64 of <c>user-id ":" password</c>, both UTF-8 (§2.1, which the challenge announces).</summary>
    public static BasicCredentials Read(HttpRequest request)
    {
        var values = request.Headers.Authorization;
        if (values.Count == 0)
        {
            return default;
        }

        if (values is not [{ } header] || header.Length > MaximumLength)
        {
            return new(null, null, "The Authorization header must occur once and be short.");
        }

        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return new(null, null, "Only the Basic authentication scheme is taken here (RFC 7617).");
        }

        return Decode(header.AsSpan(Scheme.Length).Trim());
    }

    private static BasicCredentials Decode(ReadOnlySpan<char> token)
    {
        var octets = ArrayPool<byte>.Shared.Rent(MaximumLength);
        try
        {
            if (!Convert.TryFromBase64Chars(token, octets, out var length))
            {
                return new(null, null, "The Basic credentials are not base64 (RFC 7617 §2).");
            }

            var pair = octets.AsSpan(0, length);
            var colon = pair.IndexOf((byte)':');
            return colon <= 0
                ? new(null, null, "The Basic credentials are not name, colon, secret (RFC 7617 §2).")
                : new(Strict.GetString(pair[..colon]), Strict.GetString(pair[(colon + 1)..]), null);
        }
        catch (DecoderFallbackException)
        {
            return new(null, null, "The Basic credentials are not UTF-8 (RFC 7617 §2.1).");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(octets.AsSpan(0, MaximumLength));
            ArrayPool<byte>.Shared.Return(octets);
        }
    }
}
