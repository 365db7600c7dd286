using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>A query parameter as the OpenAPI document describes it.</summary>
/// <param name="Type"><c>string</c> or <c>integer</c>.</param>
internal sealed record AdminParameter(string Name, string Type, string Description, bool Required = false);

/// <summary>
/// One operation of the admin API: what the route table maps, who may call it, and what the OpenAPI document says, in one place, so that none can say what the
/// others do not. There is none without <see cref="Access"/>.
/// </summary>
internal sealed record AdminOperation(
    string Method, string Path, string Id, AdminAccess Access, string Summary, IReadOnlyList<AdminParameter> Query, JsonTypeInfo? Body, JsonTypeInfo Answer)
{
    /// <summary>Says why the octets of a body cannot be run, before anything is; null: they can be read.</summary>
    public required Func<ReadOnlyMemory<byte>, PkiProblem?> Check { get; init; }

    /// <summary>Does it, with the octets of its body; the answer as JSON.</summary>
    public required Func<AdminCall, ReadOnlyMemory<byte>, CancellationToken, ValueTask<Outcome<byte[]>>> Run { get; init; }

    /// <summary>Octets that its body may have.</summary>
    public int BodyLimit { get; init; } = 256 * 1024;

    /// <summary>With <see cref="SecondPerson.AboveLimit"/>: whether this call is above it.</summary>
    public Func<AdminCall, ReadOnlyMemory<byte>, CancellationToken, ValueTask<bool>>? IsAboveLimit { get; init; }

    /// <summary>Says what is wrong with a call before it is made to wait for a second person; null: nothing that is known then.</summary>
    public Func<AdminCall, ReadOnlyMemory<byte>, CancellationToken, ValueTask<PkiProblem?>>? WhyNot { get; init; }

    /// <summary>The same operation, whose calls are looked at before they wait for a second person.</summary>
    public AdminOperation Checking<TBody>(Func<AdminCall, TBody, CancellationToken, ValueTask<PkiProblem?>> whyNot, JsonTypeInfo<TBody> body)
        where TBody : class => this with
        {
            WhyNot = (call, octets, cancellationToken) => Read(octets.Span, body) is Outcome<TBody>.Done(var read) ? whyNot(call, read, cancellationToken) : ValueTask.FromResult<PkiProblem?>(null),
        };

    public static AdminOperation Of<T>(
        string method, string path, string id, AdminAccess access, string summary, JsonTypeInfo<T> answer, Func<AdminCall, CancellationToken, ValueTask<Outcome<T>>> handler, params IReadOnlyList<AdminParameter> query) =>
        new(method, path, id, access, summary, WithComment(access, query), null, answer)
        {
            Check = static _ => null,
            Run = (call, _, cancellationToken) => TryAsync(answer, () => handler(call, cancellationToken)),
        };

    public static AdminOperation Of<TBody, T>(
        string path, string id, AdminAccess access, string summary, JsonTypeInfo<TBody> body, JsonTypeInfo<T> answer, Func<AdminCall, TBody, CancellationToken, ValueTask<Outcome<T>>> handler, Func<AdminCall, TBody, CancellationToken, ValueTask<bool>>? isAboveLimit = null)
        where TBody : class =>
        new(HttpMethods.Post, path, id, access, summary, WithComment(access, []), body, answer)
        {
            Check = octets => Read(octets.Span, body) is Outcome<TBody>.Refused(var problem) ? problem : null,
            Run = (call, octets, cancellationToken) => TryAsync(answer, async () => Read(octets.Span, body) switch
            {
                Outcome<TBody>.Done(var read) => await handler(call, read, cancellationToken),
                Outcome<TBody>.Refused(var problem) => await call.RefuseAsync<T>(problem, cancellationToken),
                _ => throw new InvalidOperationException(),
            }),
            IsAboveLimit = isAboveLimit is null ? null : (call, octets, cancellationToken) => Read(octets.Span, body) is Outcome<TBody>.Done(var read) ? isAboveLimit(call, read, cancellationToken) : ValueTask.FromResult(false),
        };

    private static IReadOnlyList<AdminParameter> WithComment(AdminAccess access, IReadOnlyList<AdminParameter> query) => access.Second == SecondPerson.Never
        ? query
        : [.. query, new AdminParameter(AdminDispatch.Comment, "string", "What the second person is told.")];

    private static async ValueTask<Outcome<byte[]>> TryAsync<T>(JsonTypeInfo<T> type, Func<ValueTask<Outcome<T>>> handler)
    {
        try
        {
            return await handler() switch
            {
                Outcome<T>.Done(var value) => new Outcome<byte[]>.Done(JsonSerializer.SerializeToUtf8Bytes(value, type)),
                Outcome<T>.Refused(var problem) => new Outcome<byte[]>.Refused(problem),
                _ => throw new InvalidOperationException(),
            };
        }
        catch (KeyUnavailableException failure)
        {
            return new Outcome<byte[]>.Refused(new PkiProblem(PkiProblemKind.Unavailable, failure.Message, failure.RetryAfter));
        }
        catch (StoreUnavailableException failure)
        {
            return new Outcome<byte[]>.Refused(new PkiProblem(PkiProblemKind.Unavailable, failure.Message, TimeSpan.FromSeconds(5)));
        }
    }

    private static Outcome<TBody> Read<TBody>(ReadOnlySpan<byte> octets, JsonTypeInfo<TBody> type)
        where TBody : class
    {
        try
        {
            var reader = new Utf8JsonReader(octets);
            return JsonSerializer.Deserialize(ref reader, type) is { } read && !reader.Read()
                ? new Outcome<TBody>.Done(read)
                : new Outcome<TBody>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "the body must be one JSON object"));
        }
        catch (JsonException failure)
        {
            return new Outcome<TBody>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"the body is not what this operation takes ({failure.Path ?? "$"}); see /admin/v1/openapi.json"));
        }
    }
}
