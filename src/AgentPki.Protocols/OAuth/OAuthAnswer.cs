using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.OAuth;

/// <summary>Writes JSON answers.</summary>
internal static class OAuthAnswer
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="cacheControl">RFC 6749 §5.1: what has to do with a token is kept by nobody.</param>
    public static async Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write, string cacheControl = "no-store")
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(body, Plain))
        {
            write(json);
        }

        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = body.WrittenCount;
        response.Headers.CacheControl = cacheControl;
        response.Headers[CorrelationId.HeaderName] = CorrelationId.Of(context);
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
        }
    }

    /// <summary>RFC 6749 §5.2.</summary>
    public static Task WriteErrorAsync(HttpContext context, int status, string error, string description, TimeSpan? retryAfter)
    {
        ProblemText.SetRetryAfter(context.Response, retryAfter);
        return WriteAsync(context, status, json =>
        {
            json.WriteStartObject();
            json.WriteString("error"u8, error);
            json.WriteString("error_description"u8, Allowed(description));
            json.WriteEndObject();
        });
    }

    // RFC 6749 §5.2: printable ASCII without '"' and '\'.
    private static string Allowed(string text) => string.Create(text.Length, text, static (result, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            result[i] = source[i] switch { '"' or '\\' => '\'', < ' ' or > '~' => '?', var c => c };
        }
    });
}
