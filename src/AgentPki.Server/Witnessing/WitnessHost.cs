using AgentPki.Protocols.Health;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Witness;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AgentPki.Server.Witnessing;

/// <summary>A witness that takes heads. Starting it begins to serve; disposing it lets running submissions end.</summary>
internal sealed class WitnessHost : IAsyncDisposable
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);
    private readonly WebApplication _app;
    private readonly RequestRates _rates;
    private readonly WitnessMetrics _metrics;

    private WitnessHost(WebApplication app, RequestRates rates, WitnessMetrics metrics) => (_app, _rates, _metrics) = (app, rates, metrics);

    /// <exception cref="CommandException">It cannot listen.</exception>
    public static async Task<WitnessHost> StartAsync(WitnessHome home, WitnessOptions options, WitnessKeys keys, Func<string, string?> variable, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (Ports.Probe(options.Listen.Address, options.Listen.Port) is { } taken)
        {
            throw new CommandException(ExitCodes.Environment, $"The witness cannot listen on {options.Listen} ({taken}).", $"Choose another address in {home.ConfigurationFile} (listen), or stop what listens there.");
        }

        var folder = new WitnessFolder(home);
        var share = new RequestShare(options.RequestsPerSecond, 2 * options.RequestsPerSecond);
        var rates = new RequestRates(new RequestRateOptions { Address = share, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited });
        var metrics = new WitnessMetrics(folder);
        var host = new WitnessHost(Build(options, variable, loggers), rates, metrics);
        var logger = loggers.CreateLogger("AgentPki.Witness");
        host._app.UseOpaqueFailures(logger);
        host._app.UseSecurityHeaders();
        host._app.UseRouting();
        host._app.UseListenerGate();
        var http = host._app.MapAt(ListenerKind.Http);
        http.MapWitness(new WitnessServices
        {
            Witness = new Ledger.Witnessing.Witness(options.Name, keys.All, folder, ProviderList.SoftwareOnly, clock),
            State = folder,
            Rates = rates,
            Clients = new ClientIdentity(new ClientIdentityOptions(), static _ => false),
            Answered = metrics.Answered,
            Time = clock,
            Logger = logger,
        });
        http.MapHealth(new WitnessReadiness(home), clock);
        http.MapMetrics(MetricsAudience.Loopback);
        await host._app.StartAsync(cancellationToken);
        return host;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(DrainTimeout);
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        await _rates.DisposeAsync();
        _metrics.Dispose();
    }

    private static WebApplication Build(WitnessOptions options, Func<string, string?> variable, ILoggerFactory loggers)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "agentpki" });
        builder.Services.Replace(ServiceDescriptor.Singleton(loggers));
        builder.Services.AddRoutingCore();
        builder.Services.AddTelemetry(MetricsAudience.Loopback, variable);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = DrainTimeout);
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, OwnerDecides>());
        builder.WebHost.UseKestrelCore();
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            kestrel.Limits.MaxConcurrentConnections = 1000;
            kestrel.Limits.MaxRequestBodySize = Ledger.Witnessing.WitnessRequest.MaxLength;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
            kestrel.Listen(options.Listen, static listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.MarkAs(ListenerKind.Http);
            });
        });
        return builder.Build();
    }

    /// <summary>The command that started the witness decides when it ends.</summary>
    private sealed class OwnerDecides : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>Ready means: a head could be remembered now.</summary>
internal sealed class WitnessReadiness(WitnessHome home) : IReadiness
{
    public async ValueTask<IReadOnlyList<string>> ReasonsAgainstAsync(CancellationToken cancellationToken)
    {
        var probe = Path.Combine(home.Logs, ".probe");
        try
        {
            await File.WriteAllTextAsync(probe, "probe", cancellationToken);
            File.Delete(probe);
            return [];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return ["the witness's home cannot be written"];
        }
    }
}
