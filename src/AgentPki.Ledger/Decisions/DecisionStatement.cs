using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace AgentPki.Ledger.Decisions;

/// <summary>One action that was decided, as a receipt states it.</summary>
/// <param name="Id">The decision's, 32 lower-case hexadecimal digits: the node's decision log has it under that id.</param>
/// <param name="RequestSha256">What was asked (<see cref="RequestDigest"/>), lower-case hexadecimal.</param>
/// <param name="Subject">The agent's SPIFFE ID.</param>
/// <param name="CertificateSha256">Of the agent's certificate, lower-case hexadecimal; empty: none was named.</param>
/// <param name="Reasons">The rules' words, with what they name: <c>permitted:payments-read</c>.</param>
public sealed record DecidedAction(string Id, string RequestSha256, string Subject, string CertificateSha256, string Action, string Resource, bool IsPermitted, IReadOnlyList<string> Reasons)
{
    /// <summary>
    /// <c>offline_until</c>: until then the same permission may be relied on when the appliance cannot be asked, of a permission alone; null: not at all. Counted from <c>iat</c>, so that whoever relies on it measures how much
    /// time has passed, and need not have the appliance's clock.
    /// </summary>
    public DateTimeOffset? OfflineUntil { get; init; }
}

/// <summary>What a receipt says: the payload of a JWS of type <see cref="JwsType"/>, with the claims of RFC 7519 where it has such.</summary>
/// <param name="Issuer"><c>iss</c>: the appliance's public URL.</param>
/// <param name="Audience"><c>aud</c>: the SPIFFE ID of whoever asked; a receipt is for nobody else.</param>
/// <param name="IssuedAt"><c>iat</c>: when it was decided, whole seconds.</param>
/// <param name="Expires"><c>exp</c>: from then on it permits nothing; it still shows what was decided.</param>
/// <param name="Nonce">What whoever asked sent to tell this answer from earlier ones; null: nothing.</param>
/// <param name="Node">Which node's log has it.</param>
/// <param name="Cursor">The revocation epoch as of which the certificates were good.</param>
/// <param name="PoliciesSha256">Of the policies in force, lower-case hexadecimal.</param>
public sealed record DecisionStatement(
    string Issuer, string Audience, DateTimeOffset IssuedAt, DateTimeOffset Expires, string? Nonce, string Node, long Cursor, string PoliciesSha256, IReadOnlyList<DecidedAction> Decisions)
{
    /// <summary><c>typ</c> of the JWS (RFC 8725 §3.11).</summary>
    public const string JwsType = "agentpki-decision+jwt";

    /// <summary>Decisions in one receipt: with names of usual length it stays well below what readers of JWS take.</summary>
    public const int MaximumDecisions = 32;

    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(768);
        using var writer = new Utf8JsonWriter(output);
        writer.WriteStartObject();
        writer.WriteString("iss", Issuer);
        writer.WriteString("aud", Audience);
        writer.WriteNumber("iat", IssuedAt.ToUnixTimeSeconds());
        writer.WriteNumber("exp", Expires.ToUnixTimeSeconds());
        if (Nonce is not null)
        {
            writer.WriteString("nonce", Nonce);
        }

        writer.WriteString("node", Node);
        writer.WriteNumber("cursor", Cursor);
        writer.WriteString("policies", PoliciesSha256);
        writer.WriteStartArray("decisions");
        foreach (var decided in Decisions)
        {
            writer.WriteStartObject();
            writer.WriteString("id", decided.Id);
            writer.WriteString("request", decided.RequestSha256);
            writer.WriteString("sub", decided.Subject);
            writer.WriteString("certificate", decided.CertificateSha256);
            writer.WriteString("action", decided.Action);
            writer.WriteString("resource", decided.Resource);
            writer.WriteBoolean("decision", decided.IsPermitted);
            writer.WriteStartArray("reasons");
            foreach (var reason in decided.Reasons)
            {
                writer.WriteStringValue(reason);
            }

            writer.WriteEndArray();
            if (decided.OfflineUntil is { } until)
            {
                writer.WriteNumber("offline_until", until.ToUnixTimeSeconds());
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads a payload; members that are not known are passed over, none may be there twice.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> json, [NotNullWhen(true)] out DecisionStatement? statement)
    {
        statement = null;
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var root = document.RootElement;
            var decisions = root.GetProperty("decisions").EnumerateArray().Select(Read).ToList();
            if (decisions.Count is 0 or > MaximumDecisions)
            {
                return false;
            }

            statement = new DecisionStatement(
                Text(root, "iss"),
                Text(root, "aud"),
                DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("iat").GetInt64()),
                DateTimeOffset.FromUnixTimeSeconds(root.GetProperty("exp").GetInt64()),
                root.TryGetProperty("nonce", out _) ? Text(root, "nonce") : null,
                Text(root, "node"),
                root.GetProperty("cursor").GetInt64(),
                Text(root, "policies"),
                decisions);
            return true;
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or ArgumentOutOfRangeException)
        {
            return false;
        }
    }

    private static DecidedAction Read(JsonElement item) => new(
        Text(item, "id"),
        Text(item, "request"),
        Text(item, "sub"),
        Text(item, "certificate"),
        Text(item, "action"),
        Text(item, "resource"),
        item.GetProperty("decision").GetBoolean(),
        [.. item.GetProperty("reasons").EnumerateArray().Select(r => r.GetString() ?? throw new FormatException())])
    {
        OfflineUntil = item.TryGetProperty("offline_until", out var until) ? DateTimeOffset.FromUnixTimeSeconds(until.GetInt64()) : null,
    };

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString() ?? throw new FormatException();
}
