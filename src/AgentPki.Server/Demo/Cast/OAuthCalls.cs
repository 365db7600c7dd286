using System.Text.Json;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Demo.Cast;

/// <summary>The token endpoint and introspection, as any OAuth client uses them (docs/oauth.md), each over a connection of its own.</summary>
internal sealed class OAuthCalls(Uri server, IReadOnlyList<Certificate> anchors)
{
    /// <summary>RFC 6749 §4.4, with RFC 8705: a token for oneself, bound to one's certificate.</summary>
    internal Task<OAuthReply> TokenAsync(AgentSelf self, Uri resource, string scope, CancellationToken cancellationToken) =>
        PostAsync(self, "/oauth/token", [new("grant_type", "client_credentials"), new("resource", resource.OriginalString), new("scope", scope)], cancellationToken);

    /// <summary>RFC 8693: less than another's token has, for oneself, on his behalf.</summary>
    internal Task<OAuthReply> ExchangeAsync(AgentSelf self, string subject, string scope, CancellationToken cancellationToken) => PostAsync(
        self,
        "/oauth/token",
        [new("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), new("subject_token", subject), new("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"), new("scope", scope)],
        cancellationToken);

    /// <summary>RFC 7662.</summary>
    internal Task<OAuthReply> IntrospectAsync(AgentSelf self, string token, CancellationToken cancellationToken) => PostAsync(self, "/oauth/introspect", [new("token", token)], cancellationToken);

    private async Task<OAuthReply> PostAsync(AgentSelf self, string path, IEnumerable<KeyValuePair<string, string>> form, CancellationToken cancellationToken)
    {
        using var http = MutualTls.Client(server, anchors, self.Tls);
        using var content = new FormUrlEncodedContent(form.Append(new("client_id", self.Id.ToString())));
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), content, cancellationToken);
        return OAuthReply.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
    }
}

/// <summary>What the authorization server said.</summary>
/// <param name="Error">RFC 6749 §5.2, with its description; null: none.</param>
/// <param name="IsActive">Of introspection.</param>
internal sealed record OAuthReply(string? Token, string? Error, bool IsActive)
{
    internal static OAuthReply Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            return new OAuthReply(Text(root, "access_token"), Text(root, "error") is { } error ? $"{error}: {Text(root, "error_description")}" : null, root.TryGetProperty("active", out var active) && active.ValueKind == JsonValueKind.True);
        }
        catch (JsonException)
        {
            return new OAuthReply(null, json.Trim(), false);
        }
    }

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() : null;
}
