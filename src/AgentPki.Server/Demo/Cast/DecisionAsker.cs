using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentPki.Client.Decisions;
using AgentPki.Ledger.Decisions;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Demo.Cast;

/// <summary>What the appliance decided of one action.</summary>
/// <param name="Rule">The first reason's (docs/decisions.md).</param>
internal sealed record ToolDecision(bool IsPermitted, string Id, string Rule, string Text, string Receipt);

/// <summary>
/// Asks the appliance whether an agent may (OpenID AuthZEN Authorization API 1.0), and believes no answer without a receipt that its key signed, about this very question, for this very asker, now.
/// </summary>
internal sealed class DecisionAsker : IDisposable
{
    private readonly HttpClient _http;
    private readonly DecisionReceipt _receipts;
    private readonly string _issuer;
    private readonly string _audience;
    private readonly TimeProvider _clock;

    private DecisionAsker(HttpClient http, DecisionReceipt receipts, string issuer, string audience, TimeProvider clock) => (_http, _receipts, _issuer, _audience, _clock) = (http, receipts, issuer, audience, clock);

    /// <summary>Learns once who signs receipts, and by which key.</summary>
    internal static async Task<DecisionAsker> OpenAsync(AgentSelf self, Uri pki, IReadOnlyList<Certificate> anchors, TimeProvider clock, CancellationToken cancellationToken)
    {
        var http = MutualTls.Client(pki, anchors, self.Tls);
        using var metadata = JsonDocument.Parse(await http.GetByteArrayAsync(new Uri("/.well-known/authzen-configuration", UriKind.Relative), cancellationToken));
        var issuer = metadata.RootElement.GetProperty("decision_receipt_issuer").GetString() ?? "";
        var keys = metadata.RootElement.GetProperty("decision_receipt_jwks_uri").GetString() ?? "";
        return new DecisionAsker(http, DecisionReceipt.FromJwks(await http.GetByteArrayAsync(new Uri(keys), cancellationToken)), issuer, self.Id.ToString(), clock);
    }

    /// <param name="resource"><c>type/id</c>.</param>
    /// <param name="scopes">Of the access token: what the task at hand needs, so that nothing else is permitted.</param>
    /// <returns>Null: there is no answer that can be believed. That is a no.</returns>
    internal async Task<ToolDecision?> AskAsync(Certificate agent, string action, string resource, IEnumerable<string> scopes, string address, CancellationToken cancellationToken)
    {
        var (slash, nonce) = (resource.IndexOf('/', StringComparison.Ordinal), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        var question = new JsonObject
        {
            ["subject"] = new JsonObject
            {
                ["type"] = "agent",
                ["id"] = agent.SpiffeId?.ToString() ?? "",
                ["properties"] = new JsonObject { ["x5t#S256"] = System.Buffers.Text.Base64Url.EncodeToString(SHA256.HashData(agent.Der.Span)) },
            },
            ["action"] = new JsonObject { ["name"] = action },
            ["resource"] = new JsonObject { ["type"] = resource[..slash], ["id"] = resource[(slash + 1)..] },
            ["context"] = new JsonObject { ["ip"] = address, ["nonce"] = nonce, ["task"] = new JsonObject { ["scopes"] = new JsonArray([.. scopes.Select(s => JsonValue.Create(s))]) } },
        }.ToJsonString();
        using var content = new StringContent(question, Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri("/access/v1/evaluation", UriKind.Relative), content, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            return null;
        }

        using var said = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
        using var asked = JsonDocument.Parse(question);
        return Believe(said.RootElement, Convert.ToHexStringLower(RequestDigest.Of(asked.RootElement)), nonce);
    }

    public void Dispose() => _http.Dispose();

    private ToolDecision? Believe(JsonElement said, string digest, string nonce)
    {
        var context = said.GetProperty("context");
        var (permitted, id) = (said.GetProperty("decision").GetBoolean(), context.GetProperty("id").GetString() ?? "");
        if (!context.TryGetProperty("receipt", out var receipt) || receipt.GetString() is not { } text
            || _receipts.Verify(text, new ReceiptExpectation(_issuer) { Audience = _audience, Nonce = nonce, RequestSha256 = digest, Now = _clock.GetUtcNow() }) is not ReceiptResult.Valid(var statement)
            || statement.Decisions is not [var decided] || decided.IsPermitted != permitted || decided.Id != id)
        {
            return null;
        }

        var reason = context.GetProperty("reasons")[0];
        return new ToolDecision(permitted, id, reason.GetProperty("rule").GetString() ?? "", reason.GetProperty("text").GetString() ?? "", text);
    }
}
