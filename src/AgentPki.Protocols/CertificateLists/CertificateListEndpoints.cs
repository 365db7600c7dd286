using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.CertificateLists;

/// <summary>
/// What certificates point to: CRLs (RFC 5280 §4.2.1.13), the CA's certificate and its chain (§4.2.2.1), over plain HTTP with the media types of
/// RFC 2585 §4.
/// </summary>
public static class CertificateListEndpoints
{
    /// <summary>Maps <c>/crl/{ca}.crl</c>, <c>/crl/{ca}/{shard}.crl</c>, the same under <c>/delta-crl</c>, <c>/ca/{ca}.cer</c> and <c>/ca/{ca}.p7c</c>.</summary>
    public static RouteGroupBuilder MapCertificateLists(this IEndpointRouteBuilder routes, CertificateListServices services)
    {
        var group = routes.MapGroup("");
        var handler = new CertificateListHandler(services);
        group.MapReadable("/crl/{ca}.crl", handler.CompleteAsync);
        group.MapReadable("/crl/{ca}/{shard:int:min(1)}.crl", handler.CompleteAsync);
        group.MapReadable("/delta-crl/{ca}.crl", handler.DeltaAsync);
        group.MapReadable("/delta-crl/{ca}/{shard:int:min(1)}.crl", handler.DeltaAsync);
        group.MapReadable("/ca/{ca}.cer", handler.CertificateAsync);
        group.MapReadable("/ca/{ca}.p7c", handler.ChainAsync);
        return group;
    }
}
