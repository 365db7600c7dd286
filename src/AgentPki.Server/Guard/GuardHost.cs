using AgentPki.Client.AspNetCore;
using AgentPki.Client.Peers;
using AgentPki.Client.Revocation;
using AgentPki.Client.Tokens;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Guard.Lists;
using AgentPki.Server.Guard.Proxy;
using AgentPki.Server.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Yarp.ReverseProxy.Forwarder;

namespace AgentPki.Server.Guard;

/// <summary>Everything of one guard. Starting it begins to serve; disposing it cuts what is open.</summary>
internal sealed class GuardHost : IAsyncDisposable
{
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Task> _keeping = [];
    private readonly GuardOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly PeerGate? _gate;
    private readonly RevocationFollower _follower;
    private readonly GuardMetrics _metrics;
    private ListKeeper? _lists;
    private DoorCertificateKeeper? _certificate;
    private DoorTokenCheck? _tokens;
    private GuardProxy? _proxy;
    private WebApplication? _app;

    private GuardHost(GuardOptions options, TimeProvider clock, ILogger logger)
    {
        (_options, _clock, _logger) = (options, clock, logger);
        _gate = options.Door is null ? null : new PeerGate(options.Gate(), clock, ProviderList.SoftwareOnly);
        _follower = _gate?.Follower ?? new RevocationFollower(options.Follower(), clock, ProviderList.SoftwareOnly);
        _metrics = new GuardMetrics(_follower, _gate, clock);
    }

    /// <exception cref="CommandException">It cannot serve; says why.</exception>
    public static async Task<GuardHost> StartAsync(GuardOptions options, Func<string, string?> variable, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var host = new GuardHost(options, clock, loggers.CreateLogger("AgentPki.Guard"));
        try
        {
            await host.StartAsync(variable, loggers, cancellationToken);
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
        await _ending.CancelAsync();
        if (_app is not null)
        {
            using var limit = new CancellationTokenSource(DrainTimeout);
            await _app.StopAsync(limit.Token);
            await _app.DisposeAsync();
        }

        await Task.WhenAll(_keeping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_gate is null)
        {
            await _follower.DisposeAsync();
        }
        else
        {
            await _gate.DisposeAsync();
        }

        _proxy?.Dispose();
        _tokens?.Dispose();
        _lists?.Dispose();
        _metrics.Dispose();
        _ending.Dispose();
    }

    private async Task StartAsync(Func<string, string?> variable, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var peers = _gate is null || _options.Door is null ? null : new ConnectionPeers(_gate, PeerDemand.Client(_options.Door.Allowed));
        var tls = peers is null || _options.Door is not { } door ? null : await TlsAsync(door, peers, cancellationToken);
        _app = Build(variable, loggers, peers, tls);
        if (_options.Lists is { } lists)
        {
            _lists = new ListKeeper(_options, lists, _follower, ProviderList.SoftwareOnly, _clock, _logger);
            _keeping.Add(_lists.KeepAsync(_ending.Token));
        }

        _tokens = _options.Door?.Tokens is { } tokens
            ? new DoorTokenCheck(new TokenVerifier(new TokenVerifierOptions(_options.Appliance, tokens.Issuer, tokens.Resource), _options.Anchors, _follower.View, _clock, ProviderList.SoftwareOnly), _metrics, _logger)
            : null;
        _proxy = peers is null || _options.Door is null ? null : new GuardProxy(_options.Door, peers, _tokens, _app.Services.GetRequiredService<IHttpForwarder>(), _logger);
        var health = new GuardHealth(_follower, _options.Door is null || _options.Sources.Contains(RevocationSource.Feed), _lists, _certificate, _clock);
        _app.MapWhen(static context => context.Features.Get<ListenerFeature>()?.Kind == ListenerKind.Admin, admin =>
        {
            admin.UseOpenTelemetryPrometheusScrapingEndpoint();
            admin.Run(health.AnswerAsync);
        });
        if (_proxy is not null)
        {
            _app.Run(_proxy.ForwardAsync);
        }

        _keeping.Add(SayStalenessAsync(_ending.Token));
        await StartListeningAsync(cancellationToken);
    }

    private async Task StartListeningAsync(CancellationToken cancellationToken)
    {
        if (_app is null)
        {
            return;
        }

        foreach (var endPoint in new[] { _options.Door?.Listen, _options.Admin })
        {
            // Said before the host says it with a stack trace.
            if (endPoint is not null && Ports.Probe(endPoint.Address, endPoint.Port) is { } taken)
            {
                throw new CommandException(ExitCodes.Environment, $"The guard cannot listen on {endPoint} ({taken}).", "Choose other ports with --listen and --admin, or stop what listens there.");
            }
        }

        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCodes.Environment, $"The guard cannot listen: {error.Message.TrimEnd('.')}.", "Choose other ports with --listen and --admin, or stop what listens there.");
        }

        Log.Guarding(_logger, _options.Door?.Upstream, _options.Door?.Listen.ToString() ?? "no port", _options.Admin.ToString());
    }

    private async Task<DoorTls> TlsAsync(DoorOptions door, ConnectionPeers peers, CancellationToken cancellationToken)
    {
        if (door.Identity.Enrolment is { } enrolment)
        {
            _certificate = new DoorCertificateKeeper(door.Identity, enrolment, _options, _clock, _logger);
            await _certificate.EnsureAsync(cancellationToken);
            _keeping.Add(_certificate.KeepAsync(_ending.Token));
        }

        try
        {
            var tls = new DoorTls(door.Identity, peers, Refused, _logger);
            _keeping.Add(tls.WatchAsync(_clock, _ending.Token));
            return tls;
        }
        catch (Exception error) when (error is System.Security.Cryptography.CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Usage, $"{door.Identity.CertificateFile} and {door.Identity.KeyFile} are not a certificate with its key: {error.Message.TrimEnd('.')}.", "Both are PEM; the certificate's file holds its issuing CA as well.");
        }
    }

    private WebApplication Build(Func<string, string?> variable, ILoggerFactory loggers, ConnectionPeers? peers, DoorTls? tls)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "agentpki" });
        builder.Services.Replace(ServiceDescriptor.Singleton(loggers));
        builder.Services.AddHttpForwarder();
        builder.Services.AddTelemetry(MetricsAudience.Loopback, variable);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = DrainTimeout);
        builder.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime, OwnerDecides>());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // the service's business
            kestrel.Limits.MinResponseDataRate = null; // streams are slow by nature
            kestrel.Listen(_options.Admin, static listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.MarkAs(ListenerKind.Admin);
            });
            if (_options.Door is { } door && peers is not null && tls is not null)
            {
                kestrel.Listen(door.Listen, listener =>
                {
                    listener.UseHttps(tls.HandshakeOptions());
                    peers.Guard(listener, Refused);
                });
            }
        });
        return builder.Build();
    }

    private void Refused(PeerRefusal refusal)
    {
        _metrics.Refused(refusal.Kind);
        Log.Refused(_logger, refusal.Kind, refusal.Detail);
    }

    private async Task SayStalenessAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500), _clock);
        for (bool? before = null; await timer.WaitForNextTickAsync(cancellationToken);)
        {
            var stale = _follower.View.IsStale;
            if (stale != before && (!stale || before is not null || _follower.Problem is not null))
            {
                before = stale;
                if (stale)
                {
                    Log.FeedStale(_logger, _follower.Problem is { } problem ? $" ({problem})" : "");
                }
                else
                {
                    Log.FeedCurrent(_logger, _follower.View.Sequence);
                }
            }
        }
    }

    /// <summary>The command that started the guard decides when it ends.</summary>
    private sealed class OwnerDecides : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
