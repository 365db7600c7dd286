using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>A real Kestrel on 127.0.0.1 with a TLS port, a plain port and, if asked for, a Unix socket; behind them the guards and the mapped protocol.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly X509Certificate2 _tls;

    private TestServer(WebApplication app, X509Certificate2 tls, Uri https, Uri http) => (_app, _tls, Https, Http) = (app, tls, https, http);

    public Uri Https { get; }

    public Uri Http { get; }

    public static async Task<TestServer> StartAsync(Action<IEndpointRouteBuilder> map, string? socket = null, ILogger? logger = null, Action<IApplicationBuilder>? middleware = null)
    {
        var tls = ScriptedAuthority.TlsCertificate();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                listener.UseHttps(tls, https =>
                {
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    https.ClientCertificateValidation = (_, _, _) => true;
                    // As the appliance's own: nobody's certificate has the other side call up the addresses that it names.
                    https.OnAuthenticate = (_, tls) => tls.CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
                });
            });
            kestrel.Listen(IPAddress.Loopback, 0);
            if (socket is not null)
            {
                kestrel.ListenUnixSocket(socket);
            }
        });
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        app.UseOpaqueFailures(logger ?? NullLogger.Instance);
        app.UseSecurityHeaders();
        middleware?.Invoke(app);
        app.UseRouting();
        map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        var addresses = app.Urls.Where(u => u.StartsWith("http", StringComparison.Ordinal) && !u.Contains("unix", StringComparison.Ordinal)).Select(u => new Uri(u)).ToList();
        return new TestServer(app, tls, addresses.Single(a => a.Scheme == "https"), addresses.Single(a => a.Scheme == "http"));
    }

    /// <summary>A client that trusts this server; with the certificate if one is given. Relative addresses go to <paramref name="to"/>, the TLS port by default.</summary>
    public HttpClient Client(X509Certificate2? certificate = null, Uri? to = null, Version? version = null) =>
        new(Handler(certificate)) { BaseAddress = to ?? Https, DefaultRequestVersion = version ?? HttpVersion.Version11, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

    /// <summary>The way to this server, and to none else over TLS.</summary>
    public SocketsHttpHandler Handler(X509Certificate2? certificate = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) => presented is not null && presented.GetRawCertData().AsSpan().SequenceEqual(_tls.RawData);
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        }

        return handler;
    }

    /// <summary>A connection without an HTTP client in between: octets as they are.</summary>
    public async Task<Stream> ConnectAsync()
    {
        var socket = new System.Net.Sockets.TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, Http.Port, TestContext.Current.CancellationToken);
        return socket.GetStream();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _tls.Dispose();
    }
}
