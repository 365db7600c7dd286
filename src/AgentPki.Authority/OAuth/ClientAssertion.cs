using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Authority.OAuth;

/// <summary>A client assertion (RFC 7523 §2.2): a JWT that a client signed about itself. It was read, not verified.</summary>
/// <param name="Audience">The one audience that it has: whoever names several could have it taken from one of them to another.</param>
/// <param name="Id"><c>jti</c>: it is good once.</param>
internal sealed record ClientAssertion(CompactJws Jws, string Issuer, string Subject, string Audience, string Id, DateTimeOffset Expires, DateTimeOffset? NotBefore, DateTimeOffset? IssuedAt)
{
    /// <summary>RFC 7523 §2.2.</summary>
    public const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private const int LongestId = 256;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    // What a JWT of another use (an access token, a logout token) has in its header must not pass for this (RFC 8725 §3.11).
    private static readonly string?[] Types = [null, "JWT", "client-authentication+jwt"];

    public static bool TryParse(string text, [NotNullWhen(true)] out ClientAssertion? assertion, [NotNullWhen(false)] out string? wrong)
    {
        assertion = null;
        if (!CompactJws.TryParse(text, out var jws, out var error))
        {
            wrong = error.Text;
            return false;
        }

        if (!Types.Contains(jws.Type, StringComparer.OrdinalIgnoreCase))
        {
            wrong = "The assertion's typ is that of another kind of token; 'JWT' or 'client-authentication+jwt' is wanted.";
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(jws.Payload, Strict);
            var claims = document.RootElement;
            var (issuer, subject, id) = (Text(claims, "iss"), Text(claims, "sub"), Text(claims, "jti"));
            var (audience, expires) = (ReadAudience(claims), Time(claims, "exp"));
            // RFC 7523 §3, 1 to 7; jti is optional there, and here what makes the assertion good once.
            wrong = issuer is null || subject is null ? "The assertion lacks iss or sub; both are the client_id (RFC 7523 §3)."
                : audience is null ? "The assertion must have exactly one aud: the issuer of this authorization server."
                : expires is null ? "The assertion lacks exp (RFC 7523 §3)."
                : id is null or { Length: > LongestId } ? $"The assertion lacks a jti of at most {LongestId} characters; it is good once."
                : null;
            if (wrong is not null || issuer is null || subject is null || audience is null || id is null || expires is not { } end)
            {
                wrong ??= "";
                return false;
            }

            assertion = new ClientAssertion(jws, issuer, subject, audience, id, end, Time(claims, "nbf"), Time(claims, "iat"));
            return true;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            wrong = "The assertion's claims are not one JSON object with texts and times as RFC 7519 has them, each name once.";
            return false;
        }
    }

    private static string? Text(JsonElement claims, string name) => claims.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text ? text : null;

    // RFC 7519 §2 NumericDate: seconds, and fractions are allowed.
    private static DateTimeOffset? Time(JsonElement claims, string name) => claims.TryGetProperty(name, out var value) ? DateTimeOffset.FromUnixTimeMilliseconds((long)(value.GetDouble() * 1000)) : null;

    private static string? ReadAudience(JsonElement claims) => !claims.TryGetProperty("aud", out var value) ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
        : value.GetArrayLength() == 1 ? value[0].GetString()
        : null;
}
