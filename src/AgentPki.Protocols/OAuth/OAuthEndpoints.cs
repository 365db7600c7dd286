using AgentPki.Authority.OAuth;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OpenIddict.Server;

namespace AgentPki.Protocols.OAuth;

/// <summary>The route table of OAuth: token endpoint (RFC 6749, RFC 8693), introspection (RFC 7662) and metadata (RFC 8414) over TLS only, keys (RFC 7517).</summary>
public static class OAuthEndpoints
{
    /// <summary>RFC 8414 §3.</summary>
    public const string MetadataPath = "/.well-known/oauth-authorization-server";

    public static RouteGroupBuilder MapOAuth(this IEndpointRouteBuilder routes, OAuthServices services)
    {
        var group = routes.MapGroup("");
        var documents = new OAuthDocuments(services.Authority);
        group.MapReadable(MetadataPath, context => OverTls(services, context) ? documents.WriteMetadataAsync(context) : Task.CompletedTask);
        group.MapOnly(HttpMethods.Post, OAuthOptions.TokenPath, context => OverTls(services, context) ? new OAuthExchange(services, context, OpenIddictServerEndpointType.Token).HandleAsync() : Task.CompletedTask);
        group.MapOnly(HttpMethods.Post, OAuthOptions.IntrospectionPath, context => OverTls(services, context) ? new OAuthExchange(services, context, OpenIddictServerEndpointType.Introspection).HandleAsync() : Task.CompletedTask);
        return group;
    }

    /// <summary>Keys, over plain HTTP too: they carry their certificates, which whoever trusts the root checks instead of the connection.</summary>
    public static IEndpointConventionBuilder MapOAuthKeys(this IEndpointRouteBuilder routes, OAuthServices services) =>
        routes.MapReadable(OAuthOptions.KeysPath, new OAuthDocuments(services.Authority).WriteKeysAsync);

    // RFC 6749 §3.2: TLS, or the proxy that ended it.
    private static bool OverTls(OAuthServices services, HttpContext context)
    {
        if (context.Request.IsHttps || services.Clients.IsTrustedProxy(context))
        {
            return true;
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return false;
    }
}
