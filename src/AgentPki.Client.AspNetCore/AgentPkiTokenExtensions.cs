using AgentPki.Client.Peers;
using AgentPki.Client.Tokens;
using AgentPki.X509.AccessTokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace AgentPki.Client.AspNetCore;

/// <summary>ASP.NET Core behind access tokens of the appliance: <c>services.AddAgentPki(…).AddAgentPkiTokens(…)</c>, and <c>RequireScope("tool.invoke", "crm/customers")</c>.</summary>
public static class AgentPkiTokenExtensions
{
    /// <summary>Authenticates by access token. Where <see cref="AgentPkiTokenOptions.TakesUnbound"/> is off, the connection's certificate must be the one that the token is bound to.</summary>
    public static AuthenticationBuilder AddAgentPkiTokens(this AuthenticationBuilder builder, Action<AgentPkiTokenOptions> configure)
    {
        builder.Services.TryAddSingleton(static provider =>
        {
            var gate = provider.GetRequiredService<IOptions<AgentPkiOptions>>().Value.GateOptions();
            var options = provider.GetRequiredService<IOptionsMonitor<AgentPkiTokenOptions>>().Get(AgentPkiDefaults.TokenScheme);
            return new TokenVerifier(options.VerifierOptions(gate.Appliance), gate.TrustAnchors, provider.GetRequiredService<PeerGate>().Follower.View, provider.GetRequiredService<TimeProvider>());
        });
        return builder.AddScheme<AgentPkiTokenOptions, AgentPkiTokenHandler>(AgentPkiDefaults.TokenScheme, configure);
    }

    /// <summary>Serves the resource's metadata (RFC 9728), by which MCP clients find the authorization server.</summary>
    public static IEndpointConventionBuilder MapAgentPkiResource(this IEndpointRouteBuilder routes)
    {
        var options = routes.ServiceProvider.GetRequiredService<IOptionsMonitor<AgentPkiTokenOptions>>().Get(AgentPkiDefaults.TokenScheme);
        var verifier = routes.ServiceProvider.GetRequiredService<TokenVerifier>().Options;
        return routes.MapGet(options.MetadataPath, context => ProtectedResource.WriteMetadataAsync(context, verifier, options.Scopes)).AllowAnonymous();
    }

    /// <summary>Lets in whose token has this action on this resource.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string action, string resource)
        where TBuilder : IEndpointConventionBuilder =>
        builder.RequireAuthorization(policy => policy.AddAuthenticationSchemes(AgentPkiDefaults.TokenScheme).RequireAuthenticatedUser()
            .RequireAssertion(context => context.Resource is HttpContext http && http.GetAccessToken() is { } token && token.Scopes.Allows(action, resource)));

    /// <summary>What the request's token says, once authentication ran; null: it has none.</summary>
    public static AccessToken? GetAccessToken(this HttpContext context) => context.Features.Get<AccessToken>();
}
