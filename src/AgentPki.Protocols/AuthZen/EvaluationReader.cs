using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Decisions;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Protocols.AuthZen;

/// <summary>An Access Evaluation request (AuthZEN §6.1) as the appliance asks itself. Unknown members are passed over (§10.1.1).</summary>
internal static class EvaluationReader
{
    /// <summary>The one type of subjects that is known here.</summary>
    public const string AgentType = "agent";

    private const int LongestNonce = 128;

    // Of types, ids and names, in characters: the longest SPIFFE ID. What is asked is written down, whatever the answer.
    private const int LongestName = 2048;

    /// <summary>The four entities of an evaluation, each its own or the default (§7.1.1).</summary>
    public readonly record struct Entities(JsonElement Subject, JsonElement Action, JsonElement Resource, JsonElement Context)
    {
        public static Entities Of(JsonElement evaluation, Entities defaults) => new(
            Member(evaluation, "subject", defaults.Subject), Member(evaluation, "action", defaults.Action), Member(evaluation, "resource", defaults.Resource), Member(evaluation, "context", defaults.Context));

        /// <summary>Why it is no request (§10.1.1: a required member is missing or of another type); null: it is one.</summary>
        public string? WhyNot() =>
            WhyNotObject("subject", Subject, true) ?? WhyNotText("subject", Subject, "type") ?? WhyNotText("subject", Subject, "id") ?? WhyNotProperties("subject", Subject)
            ?? WhyNotObject("action", Action, true) ?? WhyNotText("action", Action, "name") ?? WhyNotProperties("action", Action)
            ?? WhyNotObject("resource", Resource, true) ?? WhyNotText("resource", Resource, "type") ?? WhyNotText("resource", Resource, "id") ?? WhyNotProperties("resource", Resource)
            ?? WhyNotObject("context", Context, false);

        private static JsonElement Member(JsonElement parent, string name, JsonElement otherwise) => parent.TryGetProperty(name, out var value) ? value : otherwise;

        private static string? WhyNotObject(string name, JsonElement value, bool isRequired) => value.ValueKind switch
        {
            JsonValueKind.Object => null,
            JsonValueKind.Undefined => isRequired ? $"'{name}' is missing" : null,
            _ => $"'{name}' must be an object",
        };

        private static string? WhyNotText(string name, JsonElement value, string member) =>
            !value.TryGetProperty(member, out var text) ? $"'{name}.{member}' is missing" : text.ValueKind != JsonValueKind.String ? $"'{name}.{member}' must be a string"
            : text.GetString() is { Length: > LongestName } ? $"'{name}.{member}' has more than {LongestName} characters"
            : null;

        private static string? WhyNotProperties(string name, JsonElement value) => value.TryGetProperty("properties", out var properties) && properties.ValueKind != JsonValueKind.Object ? $"'{name}.properties' must be an object" : null;
    }

    /// <summary>Reads what is a request (<see cref="Entities.WhyNot"/>). What cannot be understood in it is for the decision to deny.</summary>
    public static DecisionCall Read(Entities entities, string asker, string correlation)
    {
        string? misunderstood = null;
        var subject = entities.Subject;
        var claims = Properties(subject);
        var certificate = ReadCertificate(claims, ref misunderstood);
        var facts = new DecisionFacts
        {
            Action = JsonFacts.Read(Properties(entities.Action), ref misunderstood),
            Resource = JsonFacts.Read(Properties(entities.Resource), ref misunderstood),
            Claims = JsonFacts.Read(claims, ref misunderstood, "x5c", "x5t#S256"),
            Context = JsonFacts.Read(entities.Context, ref misunderstood),
        };
        if (Text(entities.Resource, "type").Contains('/', StringComparison.Ordinal))
        {
            // Or one name could be written in two ways.
            misunderstood ??= "a resource's type has no slash; what follows it belongs into the id";
        }

        if (Text(subject, "type") != AgentType)
        {
            misunderstood ??= $"subjects are of type {AgentType} here";
        }

        return new DecisionCall(
            asker, correlation, Text(subject, "id"), certificate, Text(entities.Action, "name"), $"{Text(entities.Resource, "type")}/{Text(entities.Resource, "id")}", facts,
            RequestDigest.Of(subject, entities.Action, entities.Resource, entities.Context))
        {
            Address = ReadAddress(entities.Context, ref misunderstood),
            DataClasses = ReadClasses(entities.Context, ref misunderstood),
            Task = ReadTask(entities.Context, ref misunderstood),
            Spend = ReadSpend(entities.Context, ref misunderstood),
            Misunderstood = misunderstood,
        };
    }

    /// <summary>What the asker sent to tell this answer from others, in <c>context.nonce</c>; null: nothing.</summary>
    public static string? NonceOf(JsonElement context) =>
        context.ValueKind == JsonValueKind.Object && context.TryGetProperty("nonce", out var nonce) && nonce.ValueKind == JsonValueKind.String && nonce.GetString() is { Length: > 0 and <= LongestNonce } text ? text : null;

    private static string Text(JsonElement parent, string name) => parent.GetProperty(name).GetString() ?? "";

    private static JsonElement Properties(JsonElement entity) => entity.TryGetProperty("properties", out var properties) ? properties : default;

    private static NamedCertificate? ReadCertificate(JsonElement properties, ref string? misunderstood)
    {
        if (properties.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        byte[]? thumbprint = null;
        if (properties.TryGetProperty("x5t#S256", out var x5t))
        {
            thumbprint = x5t.ValueKind == JsonValueKind.String && JoseBase64.Decode(System.Text.Encoding.UTF8.GetBytes(x5t.GetString() ?? "")) is { Length: SHA256.HashSizeInBytes } digest ? digest : null;
            misunderstood ??= thumbprint is null ? "x5t#S256 is the base64url of 32 octets (RFC 7515 §4.1.8)" : null;
        }

        if (!properties.TryGetProperty("x5c", out var x5c))
        {
            return thumbprint is null ? null : new NamedCertificate.Thumbprint(thumbprint);
        }

        // RFC 7515 §4.1.6: base64, not base64url; the certificate itself comes first.
        if (x5c.ValueKind != JsonValueKind.Array || x5c.GetArrayLength() == 0 || x5c[0].ValueKind != JsonValueKind.String || !x5c[0].TryGetBytesFromBase64(out var der))
        {
            misunderstood ??= "x5c is a list of certificates in base64 (RFC 7515 §4.1.6)";
            return null;
        }

        if (thumbprint is not null && !SHA256.HashData(der).AsSpan().SequenceEqual(thumbprint))
        {
            misunderstood ??= "x5c and x5t#S256 name two certificates";
        }

        return new NamedCertificate.Whole(der);
    }

    private static IPAddress? ReadAddress(JsonElement context, ref string? misunderstood)
    {
        if (!Has(context, "ip", out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String && IPAddress.TryParse(value.GetString(), out var address))
        {
            return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        }

        misunderstood ??= "context.ip is not an address";
        return null;
    }

    private static NameSet? ReadClasses(JsonElement context, ref string? misunderstood)
    {
        if (!Has(context, "data_classes", out var value))
        {
            return null;
        }

        if (Texts(value) is { } names && NameSet.TryCreate(names, out var set, out _))
        {
            return set;
        }

        misunderstood ??= "context.data_classes is not a list of names";
        return null;
    }

    private static ScopeSet? ReadTask(JsonElement context, ref string? misunderstood)
    {
        if (!Has(context, "task", out var task))
        {
            return null;
        }

        if (task.ValueKind == JsonValueKind.Object && task.TryGetProperty("scopes", out var value) && Texts(value) is { } texts)
        {
            try
            {
                return ScopeSet.Of(texts);
            }
            catch (FormatException)
            {
                // Said below.
            }
        }

        misunderstood ??= "context.task.scopes is not a list of scopes, action:resource";
        return null;
    }

    private static ImmutableDictionary<string, long> ReadSpend(JsonElement context, ref string? misunderstood)
    {
        var spend = ImmutableDictionary.CreateBuilder<string, long>(StringComparer.Ordinal);
        if (!Has(context, "spend", out var value))
        {
            return spend.ToImmutable();
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            misunderstood ??= "context.spend is not a mapping of units to amounts";
            return spend.ToImmutable();
        }

        foreach (var unit in value.EnumerateObject())
        {
            // What could be negative would give back what was used up.
            if (spend.Count == Budget.Maximum || unit.Value.ValueKind != JsonValueKind.Number || !unit.Value.TryGetInt64(out var amount) || amount is < 0 or > Budget.MaximumAmount)
            {
                misunderstood ??= $"amounts in context.spend are whole numbers from 0 to {Budget.MaximumAmount}";
                return spend.ToImmutable();
            }

            spend[unit.Name] = amount;
        }

        return spend.ToImmutable();
    }

    private static bool Has(JsonElement context, string name, out JsonElement value)
    {
        value = default;
        return context.ValueKind == JsonValueKind.Object && context.TryGetProperty(name, out value);
    }

    private static List<string>? Texts(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= ScopeSet.Maximum && value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String) ? [.. value.EnumerateArray().Select(v => v.GetString() ?? "")] : null;
}
