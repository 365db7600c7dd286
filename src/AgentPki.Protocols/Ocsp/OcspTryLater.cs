using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Ocsp;

/// <summary>OCSP of an appliance that cannot sign now: every request is answered <c>tryLater</c>, which needs no signature (RFC 6960 §2.3, §4.2.1).</summary>
public static class OcspTryLater
{
    // OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED tryLater (3) }
    private static readonly byte[] Answer = [0x30, 0x03, 0x0A, 0x01, 0x03];

    public static RouteGroupBuilder MapOcspTryLater(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/ocsp");
        group.Map("", WriteAsync);
        group.Map("/{**request}", WriteAsync);
        return group;
    }

    private static async Task WriteAsync(HttpContext context)
    {
        context.Response.ContentType = "application/ocsp-response";
        context.Response.ContentLength = Answer.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(Answer, context.RequestAborted);
    }
}
