using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Http;

/// <summary>Maps a path to its methods and answers 405 itself: routing's own 405 belongs to no endpoint and so to no listener.</summary>
internal static class MethodRouting
{
    private const string Readable = "GET, HEAD";

    /// <param name="method">The one method; GET means GET alone, no HEAD.</param>
    public static IEndpointConventionBuilder MapOnly(this IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate handler) =>
        routes.Map(pattern, context => HttpMethods.Equals(context.Request.Method, method) ? handler(context) : RefuseAsync(context, method));

    /// <summary>GET and HEAD, for what caches keep.</summary>
    public static IEndpointConventionBuilder MapReadable(this IEndpointRouteBuilder routes, string pattern, RequestDelegate handler) =>
        routes.Map(pattern, context => HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) ? handler(context) : RefuseAsync(context, Readable));

    /// <summary>RFC 9110 §15.5.6: 405 says which methods would do.</summary>
    public static Task RefuseAsync(HttpContext context, string allowed)
    {
        context.Response.Headers.Allow = allowed;
        return ProblemText.WriteAsync(
            context,
            StatusCodes.Status405MethodNotAllowed,
            "method not allowed",
            new PkiProblem(PkiProblemKind.MalformedRequest, $"This resource takes {allowed} only."));
    }
}
