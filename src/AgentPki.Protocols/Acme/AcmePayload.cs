using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Protocols.Acme;

/// <summary>
/// The JSON object of a request, whose members are asked for by name. Members that are not known are ignored (RFC 8555 §7: clients may be newer); what is known and of
/// another type than it should is refused.
/// </summary>
internal readonly struct AcmePayload
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16, AllowDuplicateProperties = false };
    private readonly JsonElement _root;

    private AcmePayload(JsonElement root) => _root = root;

    /// <exception cref="AcmePayloadException">Not one JSON object.</exception>
    public static AcmePayload Parse(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            if (!HoldsTexts(utf8.Span))
            {
                throw new AcmePayloadException(new AcmeProblem(AcmeErrorType.Malformed, "The payload has octets that are no UTF-8, or half of a surrogate pair (RFC 8259 §8)."));
            }

            using var document = JsonDocument.Parse(utf8, Options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new AcmePayload(document.RootElement.Clone())
                : throw new AcmePayloadException(new AcmeProblem(AcmeErrorType.Malformed, "The payload is no JSON object."));
        }
        catch (JsonException)
        {
            throw new AcmePayloadException(new AcmeProblem(AcmeErrorType.Malformed, utf8.IsEmpty ? "The payload is empty; this resource wants a JSON object." : "The payload is not valid JSON, or names a member twice."));
        }
    }

    public bool Has(string name) => _root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    public string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => throw Wrong(name, "a text"),
    };

    public bool Flag(string name) => Find(name) switch
    {
        null or { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        _ => throw Wrong(name, "true or false"),
    };

    public long? Number(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } number when number.TryGetInt64(out var value) => value,
        _ => throw Wrong(name, "a whole number"),
    };

    public IReadOnlyList<string>? Texts(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Array } array when array.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String) => [.. array.EnumerateArray().Select(e => e.GetString() ?? "")],
        _ => throw Wrong(name, "a list of texts"),
    };

    /// <summary>Octets in base64url (RFC 8555 §6.1); null: not there.</summary>
    public byte[]? Octets(string name) =>
        Text(name) is not { } text ? null : JoseBase64.Decode(Encoding.UTF8.GetBytes(text)) ?? throw Wrong(name, "base64url without padding, line breaks or white space");

    /// <summary>The JSON text of an object; null: not there.</summary>
    public byte[]? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => Encoding.UTF8.GetBytes(value.GetRawText()),
        _ => throw Wrong(name, "a JSON object"),
    };

    public AcmeIdentifier Identifier(string name) => Find(name) is { ValueKind: JsonValueKind.Object } value ? Identifier(value) : throw Wrong(name, "an identifier");

    /// <summary>Without duplicates, in their order.</summary>
    public IReadOnlyList<AcmeIdentifier> Identifiers(string name, int maximum) => Find(name) switch
    {
        { ValueKind: JsonValueKind.Array } array when array.GetArrayLength() > maximum => throw new AcmePayloadException(new AcmeProblem(AcmeErrorType.Malformed, $"{array.GetArrayLength()} names; an order is for at most {maximum}.")),
        { ValueKind: JsonValueKind.Array } array when array.EnumerateArray().All(e => e.ValueKind == JsonValueKind.Object) => [.. array.EnumerateArray().Select(Identifier).Distinct()],
        _ => throw Wrong(name, "a list of identifiers"),
    };

    // What JSON's grammar lets through and no text can hold; it would be found only when a member is asked for.
    private static bool HoldsTexts(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            return false;
        }

        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = Options.MaxDepth });
            while (reader.Read())
            {
                if (reader.ValueIsEscaped && reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                {
                    _ = reader.GetString();
                }
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static AcmeIdentifier Identifier(JsonElement value)
    {
        var payload = new AcmePayload(value);
        return AcmeIdentifier.TryParse(payload.Text("type"), payload.Text("value"), out var identifier, out var error, out var detail)
            ? identifier
            : throw new AcmePayloadException(new AcmeProblem(error.Value, detail));
    }

    private JsonElement? Find(string name) => _root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static AcmePayloadException Wrong(string name, string wanted) => new(new AcmeProblem(AcmeErrorType.Malformed, $"The member \"{name}\" is missing or not {wanted}."));
}

/// <summary>Ends the reading of a payload; caught where the payload is asked for.</summary>
internal sealed class AcmePayloadException(AcmeProblem problem) : Exception(problem.Detail)
{
    public AcmeProblem Problem { get; } = problem;
}
