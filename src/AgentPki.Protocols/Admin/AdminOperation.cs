using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>A query parameter as the OpenAPI document describes it.</summary>
/// <param name="Type"><c>string</c> or <c>integer</c>.</param>
internal sealed record AdminParameter(string Name, string Type, string Description, bool Required = false);

/// <summary>
/// One operation of the admin API: what the route table maps and what the OpenAPI document says, in one place, so that neither can say what the other
/// does not.
/// </summary>
internal sealed record AdminOperation(
    string Method, string Path, string Id, string Summary, IReadOnlyList<AdminParameter> Query, JsonTypeInfo? Body, JsonTypeInfo Answer, Func<AdminServices, HttpContext, Task> Handle)
{
    private const int BodyLimit = 256 * 1024;
    private static readonly TimeSpan BodyDeadline = TimeSpan.FromSeconds(10);

    public static AdminOperation Of<T>(
        string method, string path, string id, string summary, JsonTypeInfo<T> answer, Func<AdminCall, CancellationToken, ValueTask<Outcome<T>>> handler, params IReadOnlyList<AdminParameter> query) =>
        new(method, path, id, summary, query, null, answer, (services, context) => RunAsync(services, context, id, answer, handler));

    public static AdminOperation Of<TBody, T>(
        string path, string id, string summary, JsonTypeInfo<TBody> body, JsonTypeInfo<T> answer, Func<AdminCall, TBody, CancellationToken, ValueTask<Outcome<T>>> handler)
        where TBody : class =>
        new(HttpMethods.Post, path, id, summary, [], body, answer, (services, context) => RunAsync(services, context, id, answer, async (call, cancellationToken) =>
            await ReadAsync(call, context, body, cancellationToken) switch
            {
                Outcome<TBody>.Done(var read) => await handler(call, read, cancellationToken),
                Outcome<TBody>.Refused(var problem) => await call.RefuseAsync<T>(problem, cancellationToken),
                _ => throw new InvalidOperationException(),
            }));

    private static async Task RunAsync<T>(AdminServices services, HttpContext context, string id, JsonTypeInfo<T> answer, Func<AdminCall, CancellationToken, ValueTask<Outcome<T>>> handler)
    {
        if (services.Actor(context) is not { } actor)
        {
            var nobody = new PkiProblem(PkiProblemKind.Unauthenticated, "the admin API knows its callers by the Unix socket they come by");
            await services.Authority.Audit.RefuseAsync(new Refusal(AuditTrail.Stranger, nobody, "admin", CorrelationId.Of(context)), context.RequestAborted);
            await RefuseAsync(services, context, id, AuditTrail.Stranger, nobody);
            return;
        }

        Log.Called(services.Logger, id, CorrelationId.Of(context), actor);
        switch (await TryAsync(handler, new AdminCall(services, context, actor), context.RequestAborted))
        {
            case Outcome<T>.Done(var value):
                await WriteAsync(context, value, answer);
                break;
            case Outcome<T>.Refused(var problem):
                await RefuseAsync(services, context, id, actor, problem);
                break;
        }
    }

    private static async ValueTask<Outcome<T>> TryAsync<T>(Func<AdminCall, CancellationToken, ValueTask<Outcome<T>>> handler, AdminCall call, CancellationToken cancellationToken)
    {
        try
        {
            return await handler(call, cancellationToken);
        }
        catch (KeyUnavailableException failure)
        {
            return new Outcome<T>.Refused(new PkiProblem(PkiProblemKind.Unavailable, failure.Message, failure.RetryAfter));
        }
        catch (StoreUnavailableException failure)
        {
            return new Outcome<T>.Refused(new PkiProblem(PkiProblemKind.Unavailable, failure.Message, TimeSpan.FromSeconds(5)));
        }
    }

    private static async ValueTask<Outcome<TBody>> ReadAsync<TBody>(AdminCall call, HttpContext context, JsonTypeInfo<TBody> type, CancellationToken cancellationToken)
        where TBody : class
    {
        if (!MediaType.Is(context.Request, "application/json"))
        {
            return new Outcome<TBody>.Refused(new PkiProblem(PkiProblemKind.UnsupportedMediaType, "the Content-Type must be application/json"));
        }

        var body = await RequestBody.ReadAsync(context, BodyLimit, BodyDeadline, call.Services.Time, cancellationToken);
        if (body.Problem is { } problem)
        {
            return new Outcome<TBody>.Refused(problem);
        }

        try
        {
            var reader = new Utf8JsonReader(body.Octets);
            return JsonSerializer.Deserialize(ref reader, type) is { } read && !reader.Read()
                ? new Outcome<TBody>.Done(read)
                : new Outcome<TBody>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "the body must be one JSON object"));
        }
        catch (JsonException failure)
        {
            return new Outcome<TBody>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"the body is not what this operation takes ({failure.Path ?? "$"}); see /admin/v1/openapi.json"));
        }
        finally
        {
            body.Release();
        }
    }

    private static async Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers[CorrelationId.HeaderName] = CorrelationId.Of(context);
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static Task RefuseAsync(AdminServices services, HttpContext context, string id, string actor, PkiProblem problem)
    {
        Log.Refused(services.Logger, id, CorrelationId.Of(context), actor, problem.Kind, problem.Detail);
        return AdminProblems.WriteAsync(context, problem);
    }
}
