using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Http;

/// <summary>Maps one path to one method and answers 405 itself: routing's own 405 belongs to no endpoint and so to no listener.</summary>
internal static class MethodRouting
{
    /// <param name="method">The one method; GET means GET alone, no HEAD.</param>
    public static IEndpointConventionBuilder MapOnly(this IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate handler) =>
        routes.Map(pattern, context => HttpMethods.Equals(context.Request.Method, method) ? handler(context) : RefuseAsync(context, method));

    /// <summary>RFC 9110 §15.5.6: 405 says which method would do.</summary>
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
