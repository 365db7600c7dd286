using System.Text.Json;
using AgentPki.Client.Tokens;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Client.AspNetCore;

/// <summary>What a service says of itself to clients that know no token for it yet (RFC 9728), and how it refuses (RFC 6750 §3).</summary>
public static class ProtectedResource
{
    private const string WellKnown = "/.well-known/oauth-protected-resource";

    /// <summary>RFC 9728 §3.1: the well-known path goes between the host and the resource's own path.</summary>
    public static string PathOf(string resource) => Uri.TryCreate(resource, UriKind.Absolute, out var uri) && uri.AbsolutePath is { Length: > 1 } path ? WellKnown + path.TrimEnd('/') : WellKnown;

    /// <summary>RFC 9728 §2.</summary>
    public static Task WriteMetadataAsync(HttpContext context, TokenVerifierOptions options, IEnumerable<string> scopes)
    {
        var metadata = new Dictionary<string, object>
        {
            ["resource"] = options.Resource,
            ["authorization_servers"] = new[] { options.Issuer },
            ["bearer_methods_supported"] = new[] { "header" },
            ["tls_client_certificate_bound_access_tokens"] = !options.TakesUnbound,
        };
        if (scopes.ToArray() is { Length: > 0 } known)
        {
            metadata["scopes_supported"] = known;
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "public, max-age=300";
        return context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(metadata), context.RequestAborted).AsTask();
    }

    /// <summary>The token of a request (RFC 6750 §2.1); null: it brought none.</summary>
    public static string? TokenOf(HttpRequest request) => request.Headers.Authorization is [{ } value] && value.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? value["Bearer ".Length..].Trim() : null;

    /// <summary>RFC 6750 §3, RFC 9728 §5.1: who came without a token is told where to get one, who brought a bad one also why.</summary>
    /// <param name="refused">Null: there was no token.</param>
    public static string Challenge(TokenVerifierOptions options, TokenVerdict.Refused? refused)
    {
        var metadata = $"resource_metadata=\"{new Uri(new Uri(options.Resource), PathOf(options.Resource))}\"";
        return refused is null ? $"Bearer {metadata}" : $"Bearer error=\"invalid_token\", error_description=\"{refused.Detail.Replace('"', '\'').Replace('\\', '/')}\", {metadata}";
    }

    /// <summary>503 where nobody can tell now, else 401.</summary>
    public static int StatusOf(TokenVerdict.Refused? refused) => refused is { Kind: TokenRefusalKind.CannotTell } ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status401Unauthorized;
}
