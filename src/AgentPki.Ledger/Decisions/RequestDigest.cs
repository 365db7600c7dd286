using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace AgentPki.Ledger.Decisions;

/// <summary>
/// Binds a receipt to the question that was asked: SHA-256 over the evaluation (AuthZEN §5: its <c>subject</c>, <c>action</c>, <c>resource</c> and <c>context</c>, defaults filled in) as JSON with
/// members in the ordinal order of their names, no white space, texts escaped no more than RFC 8259 §7 wants, and numbers as they were sent.
/// </summary>
public static class RequestDigest
{
    private static readonly JsonWriterOptions Options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>32 octets.</summary>
    /// <param name="context">Of kind <see cref="JsonValueKind.Undefined"/>: there was none.</param>
    public static byte[] Of(JsonElement subject, JsonElement action, JsonElement resource, JsonElement context)
    {
        var output = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(output, Options))
        {
            writer.WriteStartObject();
            Write(writer, "action", action);
            if (context.ValueKind != JsonValueKind.Undefined)
            {
                Write(writer, "context", context);
            }

            Write(writer, "resource", resource);
            Write(writer, "subject", subject);
            writer.WriteEndObject();
        }

        return SHA256.HashData(output.WrittenSpan);
    }

    /// <summary>The same of a request of one evaluation, as it is sent.</summary>
    public static byte[] Of(JsonElement evaluation) =>
        Of(evaluation.GetProperty("subject"), evaluation.GetProperty("action"), evaluation.GetProperty("resource"), evaluation.TryGetProperty("context", out var context) ? context : default);

    private static void Write(Utf8JsonWriter writer, string name, JsonElement value)
    {
        writer.WritePropertyName(name);
        Write(writer, value);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    Write(writer, member.Name, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(value.GetString());
                break;
            default:
                writer.WriteRawValue(value.GetRawText());
                break;
        }
    }
}
