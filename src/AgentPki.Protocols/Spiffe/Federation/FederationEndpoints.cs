using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Spiffe.Federation;

/// <summary>The bundle endpoint (SPIFFE Federation §5): public, and the same behind both of its profiles, which differ in the certificate of the TLS server.</summary>
public static class FederationEndpoints
{
    public const string Path = "/spiffe/bundle";

    public static void MapBundle(this IEndpointRouteBuilder routes, OwnBundle bundle) => routes.MapOnly(HttpMethods.Get, Path, async context =>
    {
        var document = await bundle.CurrentAsync(context.RequestAborted);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = document.Length;
        context.Response.Headers.CacheControl = "no-cache";
        await context.Response.Body.WriteAsync(document, context.RequestAborted);
    });
}
