using AgentPki.Client.AspNetCore;
using AgentPki.Client.Peers;
using AgentPki.Client.Tokens;

namespace AgentPki.Server.Guard.Proxy;

/// <summary>Asks each request for an access token that is bound to its connection's certificate, and tells clients where there are any (RFC 9728).</summary>
internal sealed class DoorTokenCheck(TokenVerifier tokens, GuardMetrics metrics, ILogger logger) : IDisposable
{
    private readonly string _metadata = ProtectedResource.PathOf(tokens.Options.Resource);

    /// <summary>False: the request was answered here.</summary>
    public async Task<bool> PassesAsync(HttpContext context, Peer peer)
    {
        if (HttpMethods.IsGet(context.Request.Method) && context.Request.Path == _metadata)
        {
            await ProtectedResource.WriteMetadataAsync(context, tokens.Options, []);
            return false;
        }

        var refused = ProtectedResource.TokenOf(context.Request) is { } text ? await tokens.VerifyAsync(text, peer.Certificate, context.RequestAborted) as TokenVerdict.Refused : null;
        if (refused is null && ProtectedResource.TokenOf(context.Request) is not null)
        {
            return true;
        }

        metrics.TokenRefused(refused?.Kind);
        Log.TokenRefused(logger, peer.SpiffeId?.ToString() ?? peer.Certificate.SerialHex, refused?.Detail ?? "it brought none");
        context.Response.StatusCode = ProtectedResource.StatusOf(refused);
        context.Response.Headers.WWWAuthenticate = ProtectedResource.Challenge(tokens.Options, refused);
        context.Response.ContentType = "text/plain";
        await context.Response.WriteAsync((refused?.Detail ?? "An access token is needed here.") + "\n", context.RequestAborted);
        return false;
    }

    public void Dispose() => tokens.Dispose();
}
