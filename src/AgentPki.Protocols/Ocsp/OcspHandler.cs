using System.Buffers;
using System.Runtime.CompilerServices;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Protocols.Http;
using AgentPki.X509.Ocsp;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AgentPki.Protocols.Ocsp;

/// <summary>Takes requests out of HTTP and puts answers into it.</summary>
internal sealed class OcspHandler(OcspServices services, string prefix)
{
    private const string RequestType = "application/ocsp-request";
    private const string ResponseType = "application/ocsp-response";
    private static readonly byte[] Malformed = OcspResponse.Error(OcspResponseStatus.MalformedRequest);

    // The answers are kept by the authority; what HTTP says about each lives as long as they do.
    private readonly ConditionalWeakTable<OcspAnswer, CacheableObject> _cacheable = [];

    /// <summary>RFC 6960 §A.1: POST, the DER as it is.</summary>
    public async Task PostAsync(HttpContext context)
    {
        if (Refusal(context) is { } refusal)
        {
            await OcspProblems.WriteAsync(context, refusal);
            return;
        }

        var body = await RequestBody.ReadAsync(context, services.Options.RequestLimit, services.Options.BodyDeadline, services.Time, context.RequestAborted);
        if (body.Problem is { } problem)
        {
            await OcspProblems.WriteAsync(context, problem);
            return;
        }

        OcspAnswer? answer;
        try
        {
            answer = body.Octets.IsEmpty ? null : await RespondAsync(body.Octets.IsSingleSegment ? body.Octets.First : body.Octets.ToArray(), context);
        }
        finally
        {
            body.Release();
        }

        await WriteAsync(context, answer?.Der ?? Malformed);
    }

    /// <summary>RFC 6960 §A.1: GET, the request in the path. A slash more or less must not turn a client away.</summary>
    public async Task GetOrPostAsync(HttpContext context)
    {
        if (HttpMethods.IsPost(context.Request.Method))
        {
            await PostAsync(context);
            return;
        }

        if (!HttpMethods.IsGet(context.Request.Method))
        {
            await MethodRouting.RefuseAsync(context, "GET, POST");
            return;
        }

        if (services.Rates.Take(null, services.Clients.AddressOf(context), null) is { } tooMany)
        {
            await OcspProblems.WriteAsync(context, tooMany);
            return;
        }

        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        var request = OcspRequestPath.TryRead(target, prefix);
        var answer = request is null || request.Length > services.Options.RequestLimit ? null : await RespondAsync(request, context);
        if (answer is { Cacheable: true, NextUpdate: { } end })
        {
            var now = services.Time.GetUtcNow();
            var lifetime = end - now < services.Options.CacheLifetime ? end - now : services.Options.CacheLifetime;
            await _cacheable.GetValue(answer, static a => new CacheableObject(a.Der, ResponseType, a.ProducedAt ?? DateTimeOffset.UnixEpoch)).WriteAsync(context, now, lifetime);
            return;
        }

        context.Response.Headers.CacheControl = "no-cache"; // RFC 5019 §6.2: errors and answers to nonces
        await WriteAsync(context, answer?.Der ?? Malformed);
    }

    private PkiProblem? Refusal(HttpContext context) => MediaType.Is(context.Request, RequestType)
        ? services.Rates.Take(null, services.Clients.AddressOf(context), null)
        : new PkiProblem(PkiProblemKind.UnsupportedMediaType, $"The Content-Type must be {RequestType} (RFC 6960 §A.1).");

    private ValueTask<OcspAnswer> RespondAsync(ReadOnlyMemory<byte> request, HttpContext context) => services.Respond(request, context.RequestAborted);

    private static Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> der)
    {
        context.Response.ContentType = ResponseType;
        context.Response.ContentLength = der.Length;
        var write = context.Response.BodyWriter.WriteAsync(der, context.RequestAborted);
        return write.IsCompletedSuccessfully ? Task.CompletedTask : write.AsTask();
    }
}
