using System.Diagnostics;
using System.Net;
using AgentPki.Client.AspNetCore;
using AgentPki.Client.Peers;
using Yarp.ReverseProxy.Forwarder;

namespace AgentPki.Server.Guard.Proxy;

/// <summary>Passes requests of admitted peers on to the one service, streams and upgrades too; when a peer's connection is cut, what it had open behind the guard ends with it.</summary>
internal sealed class GuardProxy : IDisposable
{
    private readonly DoorOptions _options;
    private readonly ConnectionPeers _peers;
    private readonly DoorTokenCheck? _tokens;
    private readonly IHttpForwarder _forwarder;
    private readonly ILogger _logger;
    private readonly ClientHeaders _headers = new();
    private readonly ForwarderRequestConfig _config;
    private readonly HttpMessageInvoker _upstream = new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        EnableMultipleHttp2Connections = true,
        ActivityHeadersPropagator = new ReverseProxyPropagator(DistributedContextPropagator.Current),
        ConnectTimeout = TimeSpan.FromSeconds(10),
    });

    /// <param name="tokens">Null: no access token is asked for.</param>
    public GuardProxy(DoorOptions options, ConnectionPeers peers, DoorTokenCheck? tokens, IHttpForwarder forwarder, ILogger logger)
    {
        (_options, _peers, _tokens, _forwarder, _logger) = (options, peers, tokens, forwarder, logger);
        _config = new ForwarderRequestConfig
        {
            ActivityTimeout = options.UpstreamTimeout,
            Version = options.UpstreamHttp2 || options.Upstream.Scheme == Uri.UriSchemeHttps ? HttpVersion.Version20 : HttpVersion.Version11,
            VersionPolicy = options.UpstreamHttp2 ? HttpVersionPolicy.RequestVersionExact : HttpVersionPolicy.RequestVersionOrLower,
        };
    }

    public async Task ForwardAsync(HttpContext context)
    {
        if (await _peers.AdmitAsync(context) is not Admission.Admitted { Peer: var peer })
        {
            // Its connection is being cut.
            context.Abort();
            return;
        }

        context.Features.Set(peer);
        if (_tokens is not null && !await _tokens.PassesAsync(context, peer))
        {
            return;
        }

        var error = await _forwarder.SendAsync(context, _options.Upstream.AbsoluteUri.TrimEnd('/'), _upstream, _config, _headers);
        if (error == ForwarderError.None || context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        Log.UpstreamFailed(_logger, error.ToString(), context.Features.Get<IForwarderErrorFeature>()?.Exception?.GetBaseException().Message);
        if (!context.Response.HasStarted)
        {
            var text = context.Response.StatusCode == StatusCodes.Status504GatewayTimeout ? "The service behind this guard did not answer in time.\n" : "The service behind this guard cannot be reached.\n";
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync(text, context.RequestAborted);
        }
    }

    public void Dispose() => _upstream.Dispose();
}
