using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Est;

/// <summary>The route table of EST (RFC 7030 §3.2.2), with RFC 8951 and RFC 9908. TLS only.</summary>
public static class EstEndpoints
{
    internal const string LabelParameter = "label";
    private const string Root = "/.well-known/est";

    /// <summary>Maps the six operations, each with and without a label.</summary>
    public static RouteGroupBuilder MapEst(this IEndpointRouteBuilder routes, EstServices services)
    {
        services.Options.Validate();
        var group = routes.MapGroup(Root);
        var enroll = new EstEnrollHandler(services);
        var distribution = new EstDistributionHandler(services);
        Map(group, services, HttpMethods.Get, "cacerts", distribution.AuthorityCertificatesAsync);
        Map(group, services, HttpMethods.Get, "csrattrs", distribution.CsrAttributesAsync);
        Map(group, services, HttpMethods.Post, "simpleenroll", enroll.EnrollAsync);
        Map(group, services, HttpMethods.Post, "simplereenroll", enroll.ReenrollAsync);
        Map(group, services, HttpMethods.Post, "serverkeygen", new EstServerKeygenHandler(services).HandleAsync);
        Map(group, services, HttpMethods.Post, "fullcmc", new EstFullCmcHandler(services).HandleAsync);
        return group;
    }

    private static void Map(RouteGroupBuilder group, EstServices services, string method, string operation, Func<EstExchange, Task> handler)
    {
        Task Handle(HttpContext context) => HandleAsync(services, context, operation, handler);
        group.MapOnly(method, $"/{operation}", Handle);
        group.MapOnly(method, $"/{{{LabelParameter}}}/{operation}", Handle);
    }

    /// <summary>What all operations share: TLS, who the client is, its share of requests.</summary>
    private static Task HandleAsync(EstServices services, HttpContext context, string operation, Func<EstExchange, Task> handler)
    {
        // RFC 7030 §3.3: nothing of EST goes over plain HTTP, except from the proxy that ended the TLS.
        if (!context.Request.IsHttps && !services.Clients.IsTrustedProxy(context))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        var client = services.Clients.Find(context);
        var basic = BasicCredentials.Read(context.Request);
        var exchange = new EstExchange(services, context, operation, client, basic);
        var refusal = services.Rates.Take(client.IssuedHere ? client.Fingerprint : null, services.Clients.AddressOf(context), basic.Name)
            ?? (client.Problem is { Kind: PkiProblemKind.MalformedRequest } malformed ? malformed : null);
        return refusal is null ? handler(exchange) : exchange.RefuseUnaskedAsync(refusal);
    }
}
