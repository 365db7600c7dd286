using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Ocsp;

/// <summary>OCSP over HTTP (RFC 6960 appendix A), GET answers with the caching headers of RFC 5019 §6.2.</summary>
public static class OcspEndpoints
{
    private const string Root = "/ocsp";

    /// <summary>Maps POST and GET.</summary>
    public static RouteGroupBuilder MapOcsp(this IEndpointRouteBuilder routes, OcspServices services)
    {
        services.Options.Validate();
        var group = routes.MapGroup(Root);
        var handler = new OcspHandler(services, $"{Root}/");
        group.Map("", handler.GetOrPostAsync);
        group.Map("/{**request}", handler.GetOrPostAsync);
        return group;
    }
}
