using System.Text;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Health;

/// <summary>
/// <c>/healthz</c>: the process answers. <c>/readyz</c>: it can issue a certificate now; otherwise 503 and the reasons, a line each.
/// </summary>
public static class HealthEndpoints
{
    public static RouteGroupBuilder MapHealth(this IEndpointRouteBuilder routes, IReadiness readiness, TimeProvider time)
    {
        var group = routes.MapGroup("");
        var probe = new ReadinessProbe(readiness, time);
        group.MapOnly(HttpMethods.Get, "/healthz", static context => WriteAsync(context, StatusCodes.Status200OK, "alive\n"));
        group.MapOnly(HttpMethods.Get, "/readyz", async context =>
        {
            var reasons = await probe.ReasonsAsync(context.RequestAborted);
            await (reasons.Count == 0
                ? WriteAsync(context, StatusCodes.Status200OK, "ready\n")
                : WriteAsync(context, StatusCodes.Status503ServiceUnavailable, $"not ready\n{string.Concat(reasons.Select(r => $"- {ProblemText.Printable(r)}\n"))}"));
        });
        return group;
    }

    private static async Task WriteAsync(HttpContext context, int status, string text)
    {
        var body = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentType = ProblemText.ContentType;
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
