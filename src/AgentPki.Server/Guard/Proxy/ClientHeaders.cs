using AgentPki.Client.AspNetCore;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace AgentPki.Server.Guard.Proxy;

/// <summary>
/// Tells the service who is there: <c>Client-Cert</c> (RFC 9440 §2.2) and <c>X-SPIFFE-ID</c>. What a client sends in these, in headers that other proxies use for the same, or in names that look alike
/// to a service (underscores), never goes through (RFC 9440 §4).
/// </summary>
internal sealed class ClientHeaders : HttpTransformer
{
    public const string ClientCertificate = "Client-Cert";
    public const string SpiffeId = "X-SPIFFE-ID";

    // nginx, Apache and HAProxy (X-SSL-*, SSL-Client-*), Envoy and Traefik (X-Forwarded-*), AWS (X-Amzn-Mtls-*), RFC 9440 and its drafts (Client-Cert*).
    private static readonly string[] Prefixes = ["x-forwarded-", "x-ssl-", "ssl-client-", "client-cert", "x-client-cert", "x-amzn-mtls-"];

    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase) { SpiffeId, "X-ARR-ClientCert", "X-Real-IP", "Forwarded" };

    public static bool IsOurs(string name)
    {
        var written = name.Replace('_', '-');
        return Names.Contains(written) || Array.Exists(Prefixes, p => written.StartsWith(p, StringComparison.OrdinalIgnoreCase));
    }

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        foreach (var name in httpContext.Request.Headers.Keys.Where(IsOurs).ToList())
        {
            httpContext.Request.Headers.Remove(name);
        }

        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        // Kestrel leaves %2F in a path as it is, and would have it encoded once more. A path with dot segments goes on as Kestrel resolved it.
        if (httpContext.Features.Get<IHttpRequestFeature>()?.RawTarget is ['/', ..] target && !target.Contains("/.", StringComparison.Ordinal) && !target.Contains("%2e", StringComparison.OrdinalIgnoreCase))
        {
            proxyRequest.RequestUri = new Uri(destinationPrefix + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        }

        var headers = proxyRequest.Headers;
        headers.Host = null; // the service's own; the name that the client used is X-Forwarded-Host
        if (httpContext.GetPeer() is { } peer)
        {
            headers.TryAddWithoutValidation(ClientCertificate, $":{Convert.ToBase64String(peer.Certificate.Der.Span)}:");
            if (peer.SpiffeId is { } id)
            {
                headers.TryAddWithoutValidation(SpiffeId, id.ToString());
            }
        }

        headers.TryAddWithoutValidation("X-Forwarded-For", httpContext.Connection.RemoteIpAddress?.ToString());
        headers.TryAddWithoutValidation("X-Forwarded-Proto", "https");
        headers.TryAddWithoutValidation("X-Forwarded-Host", httpContext.Request.Host.Value);
    }
}
