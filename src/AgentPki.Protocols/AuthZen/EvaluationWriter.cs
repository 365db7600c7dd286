using System.Buffers;
using System.Globalization;
using System.Text.Json;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Decisions;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.AuthZen;

/// <summary>One element of an answer: what was decided, or why it was no request (AuthZEN §7.2.1, payload-level errors).</summary>
internal readonly record struct EvaluationAnswer(AnsweredCall? Answered, string? Error)
{
    public bool IsPermitted => Answered is { Decision.IsPermitted: true };
}

/// <summary>Writes Decisions (AuthZEN §5.5). Their <c>context</c> is documented in docs/decisions.md.</summary>
internal static class EvaluationWriter
{
    public static byte[] Single(AnsweredCall answered, string? receipt)
    {
        var output = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(output))
        {
            Write(writer, new EvaluationAnswer(answered, null), receipt);
        }

        return output.WrittenSpan.ToArray();
    }

    public static byte[] Many(IReadOnlyList<EvaluationAnswer> answers, string? receipt)
    {
        var output = new ArrayBufferWriter<byte>(2048);
        using (var writer = new Utf8JsonWriter(output))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("evaluations");
            foreach (var answer in answers)
            {
                Write(writer, answer, null);
            }

            writer.WriteEndArray();
            if (receipt is not null)
            {
                // One for all of them.
                writer.WriteStartObject("context");
                writer.WriteString("receipt", receipt);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        return output.WrittenSpan.ToArray();
    }

    public static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = json.Length;
        context.Response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(json, context.RequestAborted);
        }
    }

    private static void Write(Utf8JsonWriter writer, EvaluationAnswer answer, string? receipt)
    {
        writer.WriteStartObject();
        writer.WriteBoolean("decision", answer.IsPermitted);
        writer.WriteStartObject("context");
        if (answer.Answered is { } answered)
        {
            writer.WriteString("id", answered.Id);
            writer.WriteString("decided_at", answered.Time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            writer.WriteNumber("cursor", answered.Cursor);
            writer.WriteStartArray("reasons");
            foreach (var reason in answered.Decision.Reasons)
            {
                writer.WriteStartObject();
                writer.WriteString("rule", reason.Rule.Word());
                if (reason.Source is not null)
                {
                    writer.WriteString("source", reason.Source);
                }

                writer.WriteString("text", reason.Text);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            if (answered.Decision.Obligations.Count > 0)
            {
                writer.WriteStartArray("obligations");
                foreach (var obligation in answered.Decision.Obligations)
                {
                    writer.WriteStringValue(obligation);
                }

                writer.WriteEndArray();
            }

            if (receipt is not null)
            {
                writer.WriteString("receipt", receipt);
            }
        }
        else
        {
            writer.WriteStartObject("error");
            writer.WriteNumber("status", StatusCodes.Status400BadRequest);
            writer.WriteString("message", answer.Error);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
