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
    /// <param name="remarks">What does not stand in the way of a certificate and should be known all the same; null: nothing.</param>
    public static RouteGroupBuilder MapHealth(this IEndpointRouteBuilder routes, IReadiness readiness, TimeProvider time, Func<IReadOnlyList<string>>? remarks = null)
    {
        var group = routes.MapGroup("");
        var probe = new ReadinessProbe(readiness, time);
        group.MapOnly(HttpMethods.Get, "/healthz", static context => WriteAsync(context, StatusCodes.Status200OK, "alive\n"));
        group.MapOnly(HttpMethods.Get, "/readyz", async context =>
        {
            var reasons = await probe.ReasonsAsync(context.RequestAborted);
            await (reasons.Count == 0
                ? WriteAsync(context, StatusCodes.Status200OK, $"ready\n{Lines(remarks?.Invoke() ?? [])}")
                : WriteAsync(context, StatusCodes.Status503ServiceUnavailable, $"not ready\n{Lines(reasons)}"));
        });
        return group;
    }

    private static string Lines(IReadOnlyList<string> sentences) => string.Concat(sentences.Select(s => $"- {ProblemText.Printable(s)}\n"));

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
