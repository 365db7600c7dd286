using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.X509.AccessTokens;

/// <summary>The claims of an access token as JSON.</summary>
internal static class AccessTokenJson
{
    private const int DigestOctets = 32;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 * AccessToken.LongestChain };
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Write(AccessToken token)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output, Plain))
        {
            json.WriteStartObject();
            json.WriteString("iss"u8, token.Issuer); // RFC 9068 §2.2
            json.WriteString("sub"u8, token.Subject);
            json.WriteString("client_id"u8, token.Holder.Agent);
            WriteAudience(json, token.Audience);
            json.WriteNumber("iat"u8, token.IssuedAt.ToUnixTimeSeconds());
            json.WriteNumber("exp"u8, token.Expires.ToUnixTimeSeconds());
            json.WriteString("jti"u8, token.Id);
            if (!token.Scopes.Scopes.IsEmpty)
            {
                json.WriteString("scope"u8, token.Scopes.ToString()); // RFC 9068 §2.2.3
            }

            if (!token.Confirmation.IsEmpty)
            {
                json.WriteStartObject("cnf"u8); // RFC 8705 §3.1
                json.WriteString("x5t#S256"u8, Base64Url.EncodeToString(token.Confirmation.Span));
                json.WriteEndObject();
            }

            WriteActor(json, token.Chain, token.Chain.Count - 1);
            WriteChain(json, token.Chain);
            json.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    public static bool TryRead(ReadOnlyMemory<byte> payload, [NotNullWhen(true)] out AccessToken? token, [NotNullWhen(false)] out string? error)
    {
        token = null;
        try
        {
            using var document = JsonDocument.Parse(payload, Strict);
            token = Read(document.RootElement);
            error = token is null ? "The token lacks a claim that docs/oauth.md lists, or has it in another form." : null;
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or FormatException or KeyNotFoundException or ArgumentOutOfRangeException)
        {
            error = "The token's claims are not the JSON that docs/oauth.md describes.";
        }

        return token is not null;
    }

    private static AccessToken? Read(JsonElement claims)
    {
        var scopes = claims.TryGetProperty("scope"u8, out var scope) ? ScopeSet.Of(Text(scope).Split(' ')) : ScopeSet.Nothing;
        var confirmation = claims.TryGetProperty("cnf"u8, out var cnf) ? Digest(cnf.GetProperty("x5t#S256"u8)) : default;
        var chain = claims.GetProperty("chain"u8).EnumerateArray().Select(ReadLink).ToList();
        if (chain.Count is 0 or > AccessToken.LongestChain)
        {
            return null;
        }

        var token = new AccessToken(
            Text(claims.GetProperty("iss"u8)),
            Text(claims.GetProperty("jti"u8)),
            ReadAudience(claims.GetProperty("aud"u8)),
            scopes,
            DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty("iat"u8).GetInt64()),
            DateTimeOffset.FromUnixTimeSeconds(claims.GetProperty("exp"u8).GetInt64()),
            confirmation,
            chain);
        // What says the same twice must say the same: readers look at either.
        return token.Subject == Text(claims.GetProperty("sub"u8)) && token.Holder.Agent == Text(claims.GetProperty("client_id"u8)) && HasActors(claims, chain) ? token : null;
    }

    private static bool HasActors(JsonElement within, List<ChainLink> chain)
    {
        for (var i = chain.Count - 1; i > 0; i--)
        {
            if (!within.TryGetProperty("act"u8, out within) || Text(within.GetProperty("sub"u8)) != chain[i].Agent)
            {
                return false;
            }
        }

        return !within.TryGetProperty("act"u8, out _);
    }

    private static ChainLink ReadLink(JsonElement link) => new(
        Text(link.GetProperty("sub"u8)),
        Digest(link.GetProperty("x5t#S256"u8)),
        Convert.FromHexString(Text(link.GetProperty("aki"u8))),
        Convert.FromHexString(Text(link.GetProperty("serial"u8))));

    private static List<string> ReadAudience(JsonElement audience) =>
        audience.ValueKind == JsonValueKind.Array ? [.. audience.EnumerateArray().Select(Text)] : [Text(audience)];

    private static ReadOnlyMemory<byte> Digest(JsonElement element) =>
        Base64Url.DecodeFromChars(Text(element)) is { Length: DigestOctets } digest ? digest : throw new FormatException();

    private static string Text(JsonElement element) => element.GetString() is { Length: > 0 } text ? text : throw new FormatException();

    // RFC 7519 §4.1.3: one audience is a text.
    private static void WriteAudience(Utf8JsonWriter json, IReadOnlyList<string> audience)
    {
        if (audience is [var only])
        {
            json.WriteString("aud"u8, only);
            return;
        }

        json.WriteStartArray("aud"u8);
        foreach (var one in audience)
        {
            json.WriteStringValue(one);
        }

        json.WriteEndArray();
    }

    // RFC 8693 §4.1: the outermost is the present actor, within it those before.
    private static void WriteActor(Utf8JsonWriter json, IReadOnlyList<ChainLink> chain, int index)
    {
        if (index == 0)
        {
            return;
        }

        json.WriteStartObject("act"u8);
        json.WriteString("sub"u8, chain[index].Agent);
        WriteActor(json, chain, index - 1);
        json.WriteEndObject();
    }

    private static void WriteChain(Utf8JsonWriter json, IReadOnlyList<ChainLink> chain)
    {
        json.WriteStartArray("chain"u8);
        foreach (var link in chain)
        {
            json.WriteStartObject();
            json.WriteString("sub"u8, link.Agent);
            json.WriteString("x5t#S256"u8, Base64Url.EncodeToString(link.Thumbprint.Span));
            json.WriteString("aki"u8, Convert.ToHexStringLower(link.Issuer.Span));
            json.WriteString("serial"u8, Convert.ToHexStringLower(link.Serial.Span));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
