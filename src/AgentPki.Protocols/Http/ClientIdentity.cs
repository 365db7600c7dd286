using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Problems;
using AgentPki.X509.Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace AgentPki.Protocols.Http;

/// <summary>
/// Whose certificate a request came with: that of the TLS connection, or, from a trusted proxy and from nobody else, the one in RFC 9440's header.
/// Nothing about it is judged here except that it parses.
/// </summary>
/// <remarks>A connection's certificate is parsed once; its live status is asked for by the registration authority, request by request.</remarks>
/// <param name="issuedHere">Whether a CA of this appliance signed the certificate; asked once for each.</param>
public sealed class ClientIdentity(ClientIdentityOptions options, Func<Certificate, bool> issuedHere)
{
    /// <summary>RFC 9440 §2.2.</summary>
    public const string HeaderName = "Client-Cert";

    private const int MaximumHeaders = 1024;
    private static readonly object CacheKey = new();

    // One proxy connection carries many clients: what their headers say is remembered apart from the connection.
    private readonly ConcurrentDictionary<string, Presented> _headers = new(StringComparer.Ordinal);

    /// <summary>A client certificate, or why there is none although one was sent; both null when none was sent.</summary>
    /// <param name="IssuedHere">A CA of this appliance signed it; it may be expired or revoked all the same.</param>
    /// <param name="Fingerprint">SHA-256 of the certificate, hexadecimal; null without one.</param>
    public readonly record struct Presented(Certificate? Certificate, PkiProblem? Problem, bool IssuedHere = false, string? Fingerprint = null);

    /// <summary>Finds the certificate of the request's client.</summary>
    public Presented Find(HttpContext context)
    {
        var header = context.Request.Headers[HeaderName];
        if (IsTrustedProxy(context))
        {
            // The proxy's own TLS certificate, if it has one, is not the client's.
            return header.Count == 0 ? default : FromHeader(header);
        }

        if (header.Count != 0)
        {
            return new(null, new PkiProblem(PkiProblemKind.MalformedRequest, $"The header {HeaderName} is taken from trusted proxies only (RFC 9440 §4); authenticate by TLS itself."));
        }

        return context.Connection.ClientCertificate is { } certificate ? FromConnection(context, certificate) : default;
    }

    /// <summary>Whether a CA of this appliance signed the certificate; it may be expired or revoked all the same.</summary>
    public bool IsIssuedHere(Certificate certificate) => issuedHere(certificate);

    /// <summary>Whether the peer may speak for clients behind it.</summary>
    public bool IsTrustedProxy(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is { } address)
        {
            return options.TrustedProxies.Count != 0 && options.TrustedProxies.Any(network => network.Contains(Plain(address)));
        }

        return options.TrustUnixSocket && context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix;
    }

    /// <summary>The client's address: the peer's, or what a trusted proxy added last to X-Forwarded-For.</summary>
    public string AddressOf(HttpContext context)
    {
        if (IsTrustedProxy(context) && context.Request.Headers["X-Forwarded-For"] is { Count: > 0 } forwarded)
        {
            var last = forwarded[^1].AsSpan();
            last = last[(last.LastIndexOf(',') + 1)..].Trim();
            if (IPAddress.TryParse(last, out var client))
            {
                return Plain(client).ToString();
            }
        }

        return context.Connection.RemoteIpAddress is { } address ? Plain(address).ToString() : "local";
    }

    private Presented FromConnection(HttpContext context, X509Certificate2 certificate)
    {
        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is null)
        {
            return Parse(certificate.RawData, "The TLS client certificate");
        }

        // HTTP/2 asks from several requests at once; the dictionary is the connection's.
        lock (items)
        {
            if (items.TryGetValue(CacheKey, out var value) && value is Cached cached && ReferenceEquals(cached.Source, certificate))
            {
                return cached.Presented;
            }

            var presented = Parse(certificate.RawData, "The TLS client certificate");
            items[CacheKey] = new Cached(certificate, presented);
            return presented;
        }
    }

    private Presented FromHeader(StringValues header)
    {
        if (header is not [{ } text])
        {
            return new(null, Malformed("must occur once"));
        }

        if (_headers.TryGetValue(text, out var known))
        {
            return known;
        }

        if (_headers.Count >= MaximumHeaders)
        {
            _headers.Clear();
        }

        return _headers[text] = Decode(text);
    }

    /// <summary>RFC 9440 §2.1: a structured field byte sequence (RFC 8941 §3.3.5), base64 between colons.</summary>
    private Presented Decode(string text)
    {
        var trimmed = text.AsSpan().Trim(' ');
        if (trimmed.Length < 3 || trimmed[0] != ':' || trimmed[^1] != ':')
        {
            return new(null, Malformed("must be base64 between colons"));
        }

        var der = new byte[trimmed.Length];
        return Convert.TryFromBase64Chars(trimmed[1..^1], der, out var length)
            ? Parse(der[..length], $"The certificate in {HeaderName}")
            : new(null, Malformed("must be base64 between colons"));
    }

    private Presented Parse(byte[] der, string what) => Certificate.TryParse(der, out var parsed, out var error)
        ? new(parsed, null, issuedHere(parsed), Convert.ToHexString(parsed.Fingerprint()))
        : new(null, new PkiProblem(PkiProblemKind.Unauthorized, $"{what} cannot be read: {error}"));

    private static PkiProblem Malformed(string rule) => new(PkiProblemKind.MalformedRequest, $"The header {HeaderName} {rule} (RFC 9440 §2.1).");

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private sealed record Cached(X509Certificate2 Source, Presented Presented);
}
