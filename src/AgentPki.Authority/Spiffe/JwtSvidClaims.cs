using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Spiffe;

/// <summary>What a JWT-SVID says (JWT-SVID §3). Read, not yet believed.</summary>
/// <param name="Json">All claims, as they were signed; UTF-8.</param>
public sealed record JwtSvidClaims(SpiffeId Subject, ImmutableArray<string> Audiences, DateTimeOffset Expires, DateTimeOffset NotBefore, ReadOnlyMemory<byte> Json)
{
    /// <summary>Reads claims; what the standard demands must be there, and nothing may be there twice.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out JwtSvidClaims? claims, [NotNullWhen(false)] out string? problem)
    {
        claims = null;
        try
        {
            // Two claims of one name: who reads the first and who reads the second would believe different things.
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                problem = "the token's claims are no JSON object";
                return false;
            }

            var root = document.RootElement;
            var subject = root.TryGetProperty("sub", out var sub) && sub.ValueKind == JsonValueKind.String && SpiffeId.TryParse(sub.GetString(), out var id) && id.Path.Length > 0 ? id : null;
            var audiences = root.TryGetProperty("aud", out var aud) ? AudiencesOf(aud) : [];
            var expires = TimeOf(root, "exp");
            if (subject is null || audiences.IsDefaultOrEmpty || expires is not { } end)
            {
                problem = "the token lacks a sub that is a SPIFFE ID, an aud or an exp (JWT-SVID §3)";
                return false;
            }

            (claims, problem) = (new JwtSvidClaims(subject, audiences, end, TimeOf(root, "nbf") ?? TimeOf(root, "iat") ?? DateTimeOffset.MinValue, json.ToArray()), null);
            return true;
        }
        catch (JsonException)
        {
            problem = "the token's claims are no JSON object, or one is there twice";
            return false;
        }
    }

    private static ImmutableArray<string> AudiencesOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString() ?? ""],
        JsonValueKind.Array when element.EnumerateArray().All(a => a.ValueKind == JsonValueKind.String) => [.. element.EnumerateArray().Select(a => a.GetString() ?? "")],
        _ => [],
    };

    // RFC 7519 §2 NumericDate, which may have a fraction.
    private static DateTimeOffset? TimeOf(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is >= 0 and < 253402300800
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000))
            : null;
}
