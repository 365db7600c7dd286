using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Revocations;

/// <summary>The revocation feed (docs/revocation-feed.md). Everything in it that must be believed is signed, so that plain HTTP, caches and proxies do no harm.</summary>
public static class RevocationEndpoints
{
    public const string Root = "/revocations";

    /// <summary>
    /// Maps <c>/revocations/feed</c>, <c>/revocations/snapshot</c>, <c>/revocations/sets/{name}</c>, <c>/revocations/sets/{name}/buckets/{bucket}</c> and
    /// <c>/revocations/signers/{thumbprint}</c>.
    /// </summary>
    public static RouteGroupBuilder MapRevocations(this IEndpointRouteBuilder routes, RevocationServices services)
    {
        var group = routes.MapGroup(Root);
        var feed = new FeedHandler(services);
        var objects = new RevocationObjectHandler(services);
        group.MapOnly(HttpMethods.Get, "/feed", feed.GetAsync);
        group.MapReadable("/snapshot", objects.SnapshotAsync);
        group.MapReadable("/sets/{name}", objects.SetAsync);
        group.MapReadable("/sets/{name}/buckets/{bucket}", objects.BucketAsync);
        group.MapReadable("/signers/{thumbprint}", objects.SignerAsync);
        return group;
    }
}
