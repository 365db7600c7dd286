using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using AgentPki.X509.Requests;

namespace AgentPki.Protocols.Est;

/// <summary>Reads the PKCS#10 request of an EST body (RFC 7030 §4.2.1: <c>application/pkcs10</c>, base64 of the DER).</summary>
internal static class EstPkcs10
{
    /// <summary>The request, or the problem; never both.</summary>
    public static async ValueTask<(Pkcs10Request? Request, PkiProblem? Problem)> ReadAsync(EstExchange exchange)
    {
        if (!MediaType.Is(exchange.Context.Request, EstMediaTypes.Pkcs10))
        {
            return (null, new PkiProblem(PkiProblemKind.UnsupportedMediaType, $"The Content-Type must be {EstMediaTypes.Pkcs10} (RFC 7030 §4.2.1)."));
        }

        if (exchange.IdentityProblem is { } unknown)
        {
            return (null, unknown);
        }

        var (der, problem) = await ReadBase64Async(exchange, exchange.Services.Options.BodyLimit);
        return problem is null ? Parse(der) : (null, problem);
    }

    /// <summary>The octets behind a base64 body, or the problem.</summary>
    public static async ValueTask<(ReadOnlyMemory<byte> Der, PkiProblem? Problem)> ReadBase64Async(EstExchange exchange, int limit)
    {
        var options = exchange.Services.Options;
        var body = await RequestBody.ReadAsync(exchange.Context, limit, options.BodyDeadline, exchange.Services.Time, exchange.Context.RequestAborted);
        if (body.Problem is { } problem)
        {
            return (default, problem);
        }

        var ok = EstBase64.TryRead(body.Octets, out var der, out var error);
        body.Release();
        return ok ? (der, null) : (default, new PkiProblem(PkiProblemKind.MalformedRequest, error!));
    }

    public static (Pkcs10Request? Request, PkiProblem? Problem) Parse(ReadOnlyMemory<byte> der) => Pkcs10Request.TryParse(der, out var request, out var error)
        ? (request, null)
        : (null, new PkiProblem(KindOf(error.Kind), error.Detail));

    internal static PkiProblemKind KindOf(RequestErrorKind kind) => kind switch
    {
        RequestErrorKind.Malformed => PkiProblemKind.MalformedRequest,
        RequestErrorKind.UnsupportedAlgorithm => PkiProblemKind.UnsupportedAlgorithm,
        RequestErrorKind.BadKey => PkiProblemKind.BadPublicKey,
    };
}
