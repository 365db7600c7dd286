using System.Globalization;
using AgentPki.Protocols.Http;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Tls;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AgentPki.Server.Hosting;

/// <summary>The addresses of the Unix sockets (<see cref="SocketPath"/>); null where there is none.</summary>
public sealed record HostSockets(string Admin, string? Proxy = null, string? Workloads = null);

/// <summary>Kestrel with the appliance's doors. Starting it begins to serve; disposing it lets running requests end.</summary>
public sealed class ApplianceHost : IAsyncDisposable
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(10);
    private readonly WebApplication _app;
    private readonly SocketPath _adminSocket;
    private readonly SocketPath? _proxySocket;
    private readonly SocketPath? _workloadSocket;

    private ApplianceHost(WebApplication app, SocketPath adminSocket, SocketPath? proxySocket, SocketPath? workloadSocket) =>
        (_app, _adminSocket, _proxySocket, _workloadSocket) = (app, adminSocket, proxySocket, workloadSocket);

    /// <param name="tls">Null: no HTTPS, for its key cannot be used yet.</param>
    /// <param name="map">Maps the protocols' endpoints, each at its door (<see cref="ListenerExtensions.MapAt"/>).</param>
    /// <exception cref="IOException">A port is taken.</exception>
    public static async Task<ApplianceHost> StartAsync(
        ApplianceHome home,
        ApplianceOptions options,
        TlsServing? tls,
        Action<IServiceCollection> configure,
        Action<WebApplication> map,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var adminSocket = PrepareSocket(home.AdminSocket);
        var proxyPath = options.Listen.ProxySocket.Length > 0 ? home.Resolve(options.Listen.ProxySocket) : null;
        var proxySocket = proxyPath is null ? null : ProxySocket.Prepare(proxyPath);
        var workloadPath = options.Spiffe.IsServed && tls is not null ? home.Resolve(options.Spiffe.Socket) : null;
        var workloadSocket = workloadPath is null ? null : WorkloadSocket.Prepare(workloadPath);
        var app = Build(options, tls, configure, loggers, new HostSockets(adminSocket.Address, proxySocket?.Address, workloadSocket?.Address));
        var host = new ApplianceHost(app, adminSocket, proxySocket, workloadSocket);
        try
        {
            var logger = loggers.CreateLogger<ApplianceHost>();
            app.UseOpaqueFailures(logger);
            app.UseSecurityHeaders();
            app.UseRouting();
            app.UseListenerGate();
            map(app);
            await app.StartAsync(cancellationToken);
            if (proxyPath is not null)
            {
                ProxySocket.OpenToGroup(proxyPath);
            }

            if (workloadPath is not null)
            {
                WorkloadSocket.Open(workloadPath, options.Spiffe.Access);
            }

            Log.Listening(
                logger,
                string.Create(CultureInfo.InvariantCulture, $"{options.Listen.Bind}:{options.Listen.HttpsPort}"),
                string.Create(CultureInfo.InvariantCulture, $"{options.Listen.Bind}:{options.Listen.HttpPort}"),
                home.AdminSocket);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        _adminSocket.Dispose();
        _proxySocket?.Dispose();
        _workloadSocket?.Dispose();
    }

    private static WebApplication Build(
        ApplianceOptions options, TlsServing? tls, Action<IServiceCollection> configure, ILoggerFactory loggers, HostSockets sockets)
    {
        // Empty: no configuration files, no variables, no console logger, no hosting filters that could change what is served.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "agentpki" });
        builder.Services.Replace(ServiceDescriptor.Singleton(loggers));
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = DrainTimeout);
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, OwnerDecides>());
        configure(builder.Services);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
            KestrelSetup.Configure(kestrel, options, tls, NativeMethods.EffectiveUser(), sockets));
        return builder.Build();
    }

    /// <summary>Removes what an earlier process left; the home's lock says that it does not run any more.</summary>
    internal static SocketPath PrepareSocket(string path)
    {
        File.Delete(path);
        return SocketPath.For(path);
    }

    /// <summary>The command that started the host decides when it ends: signals are the command line's business.</summary>
    private sealed class OwnerDecides : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
