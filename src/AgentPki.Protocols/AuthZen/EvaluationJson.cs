using System.Buffers;
using System.Text.Json;

namespace AgentPki.Protocols.AuthZen;

/// <summary>A body as JSON that means one thing to everybody who reads it.</summary>
internal static class EvaluationJson
{
    // A member that is there twice means one thing here and perhaps another to whoever logged the request before (AuthZEN §12.5, RFC 8259 §4).
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 10, AllowDuplicateProperties = false };

    /// <summary>The object, which reads from <paramref name="octets"/> until it is disposed; null: it is none.</summary>
    public static JsonDocument? TryParse(ReadOnlySequence<byte> octets, out string error)
    {
        JsonDocument? document = null;
        error = "the body must be one JSON object, no member of it twice";
        try
        {
            document = JsonDocument.Parse(octets, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                Visit(document.RootElement);
                return document;
            }
        }
        catch (JsonException)
        {
        }
        catch (InvalidOperationException)
        {
            error = "a text in the body has half of a surrogate pair (RFC 8259 §8.2)";
        }

        document?.Dispose();
        return null;
    }

    /// <summary>Half of a surrogate pair is JSON to the parser and no text: looked for once, before anything is read.</summary>
    private static void Visit(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    _ = member.Name;
                    Visit(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    Visit(item);
                }

                break;
            case JsonValueKind.String:
                _ = value.GetString();
                break;
        }
    }
}
