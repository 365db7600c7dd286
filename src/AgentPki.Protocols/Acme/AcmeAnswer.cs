using System.Buffers;
using System.Text.Json;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Audit;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Acme;

/// <summary>Answers: JSON resources and problem documents, with the headers that every ACME answer carries.</summary>
internal static class AcmeAnswer
{
    private const string Json = "application/json";
    private const string Problem = "application/problem+json"; // RFC 9457 §3
    private const string ReplayNonce = "Replay-Nonce";
    private static readonly JsonWriterOptions WriterOptions = new() { Indented = false };

    /// <summary>RFC 8555 §6.5 (a fresh nonce with every answer to a POST) and §7.1 (the way to the directory).</summary>
    public static void SetHeaders(AcmeServices services, HttpContext context, bool nonce = true)
    {
        var headers = context.Response.Headers;
        if (nonce)
        {
            headers[ReplayNonce] = services.Nonces.Create();
        }

        headers.CacheControl = "no-store";
        headers.Append("Link", $"<{new AcmeUrls(services, context).Directory}>;rel=\"index\"");
    }

    public static async Task WriteAsync(HttpContext context, int status, Action<Utf8JsonWriter> write, string contentType = Json)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            write(json);
        }

        await WriteAsync(context, status, buffer.WrittenMemory, contentType);
    }

    public static async Task WriteAsync(HttpContext context, int status, ReadOnlyMemory<byte> body, string contentType)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }

    /// <summary>Records a refusal and answers it. An account's is an entry of its own; a stranger's is counted (invariant 2).</summary>
    /// <param name="account">Who was refused, as its signature proved; null: nobody proved anything.</param>
    public static async Task RefuseAsync(AcmeServices services, HttpContext context, AcmeProblem problem, string? account = null)
    {
        var id = CorrelationId.Of(context);
        Log.Refused(services.Logger, id, context.Request.Path.Value ?? "", problem.Type, problem.Detail);
        if (!problem.IsRecorded)
        {
            await services.Refuse(new Refusal(account ?? AuditTrail.Stranger, problem.ToPkiProblem(), "acme", id), CancellationToken.None);
        }

        var response = context.Response;
        if (response.HasStarted)
        {
            context.Abort();
            return;
        }

        SetHeaders(services, context, HttpMethods.IsPost(context.Request.Method));
        response.Headers[CorrelationId.HeaderName] = id;
        ProblemText.SetRetryAfter(response, problem.RetryAfter);
        await WriteAsync(context, problem.StatusCode, problem.Write, Problem);
    }
}
