using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Http;

/// <summary>Octets that HTTP caches may keep for a while, with the header values that say so, made once.</summary>
internal sealed class CacheableObject
{
    private readonly ReadOnlyMemory<byte> _octets;
    private readonly string? _path;
    private readonly long _length;
    private readonly string _contentType;
    private readonly string _entityTag;
    private readonly string _lastModified;

    /// <param name="lastModified">When it was signed or made.</param>
    public CacheableObject(ReadOnlyMemory<byte> octets, string contentType, DateTimeOffset lastModified)
        : this(octets, null, octets.Length, SHA256.HashData(octets.Span), contentType, lastModified)
    {
    }

    /// <summary>Octets that lie in a file, too many to keep.</summary>
    /// <param name="sha256">Of the file's content, which does not change.</param>
    public CacheableObject(string path, long length, byte[] sha256, string contentType, DateTimeOffset lastModified)
        : this(default, path, length, sha256, contentType, lastModified)
    {
    }

    private CacheableObject(ReadOnlyMemory<byte> octets, string? path, long length, byte[] sha256, string contentType, DateTimeOffset lastModified)
    {
        (_octets, _path, _length, _contentType) = (octets, path, length, contentType);
        // RFC 9110 §8.8.3: strong, for it is the hash of the very octets.
        _entityTag = $"\"{Convert.ToHexStringLower(sha256.AsSpan(0, 16))}\"";
        _lastModified = HttpDate(lastModified);
    }

    /// <summary>Answers GET or HEAD, 304 where the client names the entity tag (RFC 9110 §13.1.2). If-Modified-Since is not heeded (docs/divergences.md).</summary>
    /// <param name="lifetime">How long a cache may keep it, from now; not positive: not at all.</param>
    public Task WriteAsync(HttpContext context, DateTimeOffset now, TimeSpan lifetime)
    {
        var headers = context.Response.Headers;
        var seconds = (long)Math.Floor(lifetime.TotalSeconds);
        headers.ETag = _entityTag;
        headers.LastModified = _lastModified;
        if (seconds > 0)
        {
            headers.CacheControl = string.Create(CultureInfo.InvariantCulture, $"max-age={seconds}, public, no-transform, must-revalidate"); // RFC 5019 §6.2
            headers.Expires = HttpDate(now.AddSeconds(seconds));
        }
        else
        {
            headers.CacheControl = "no-cache";
        }

        if (IsKnown(context.Request))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        context.Response.ContentType = _contentType;
        context.Response.ContentLength = _length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask
            : _path is null ? context.Response.Body.WriteAsync(_octets, context.RequestAborted).AsTask()
            : context.Response.SendFileAsync(_path, context.RequestAborted);
    }

    // Two CRLs of one second, or of a clock that was set back, have no dates that tell which is newer: only the tag says that a client has these very octets.
    private bool IsKnown(HttpRequest request) => request.Headers.IfNoneMatch.Any(line => line is not null && line.Split(',').Any(tag => Matches(tag.Trim())));

    // RFC 9110 §13.1.2: weak comparison.
    private bool Matches(string tag) => tag == "*" || (tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag) == _entityTag;

    private static string HttpDate(DateTimeOffset time) => time.ToString("r", CultureInfo.InvariantCulture);
}
