using System.Net;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Authority.Composition;
using AgentPki.Protocols.Spiffe;
using AgentPki.Protocols.Spiffe.Attestation;
using AgentPki.Protocols.Spiffe.Federation;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Hosting;
using AgentPki.X509.Names;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace AgentPki.Server.Spiffe;

/// <summary>What stands around the Workload API: its entries' file, this trust domain's bundle for others, and theirs for ours.</summary>
internal sealed class SpiffeParts : IDisposable
{
    private readonly EntryFile _entries;
    private readonly List<BundleClient> _clients = [];
    private readonly List<BundleFollower> _followers = [];
    private FederationMetrics? _metrics;

    private SpiffeParts(SpiffeServices services, OwnBundle bundle, EndpointSvid? endpoint, EntryFile entries) => (Services, Bundle, Endpoint, _entries) = (services, bundle, endpoint, entries);

    internal SpiffeServices Services { get; }

    internal OwnBundle Bundle { get; }

    /// <summary>Who serves the bundle by the profile https_spiffe; null: nobody.</summary>
    internal EndpointSvid? Endpoint { get; }

    /// <summary>Reads the entries before the first process is answered; null where the Workload API is not served.</summary>
    /// <exception cref="CommandException">A file that the configuration names is not what it should be.</exception>
    internal static async Task<SpiffeParts?> StartAsync(ApplianceParts parts, AuthorityServices authority, CancellationToken cancellationToken)
    {
        var (home, settings, time, loggers) = (parts.Home, parts.Options.Spiffe, parts.Environment.Time, parts.Environment.Loggers);
        if (!settings.IsServed)
        {
            return null;
        }

        var (attestors, foreign, logger) = (WorkloadAttestors.All(), new ForeignBundles(), loggers.CreateLogger("AgentPki.Protocols.Spiffe"));
        var services = new SpiffeServices { Workloads = authority.Workloads, Attestors = attestors, Foreign = foreign, Options = settings.Wire, Time = time, Logger = logger };
        var reader = new EntryReader(parts.Options.TrustDomain, authority.Profiles, attestors);
        var entries = new EntryFile(home.Resolve(settings.Entries), reader, authority.Workloads.Directory, time, loggers.CreateLogger<EntryFile>());
        var federation = settings.Federation;
        var endpoint = federation.Port is null ? null : new EndpointSvid(authority.Workloads, parts.Options.TrustDomain, time, loggers.CreateLogger<EndpointSvid>());
        var made = new SpiffeParts(services, new OwnBundle(authority.Workloads, federation.RefreshHint, time), endpoint, entries);
        foreach (var domain in federation.Domains)
        {
            made.Follow(domain, home, foreign);
        }

        made._metrics = federation.Domains.Count == 0 ? null : new FederationMetrics(made._followers, time);

        await entries.LookAsync(cancellationToken);
        authority.Workloads.Signal.Start();
        return made;
    }

    /// <summary>The services that the Workload API is made of, and the listener of the bundle endpoint where it has a port.</summary>
    internal void Configure(IServiceCollection services, ApplianceOptions options)
    {
        services.AddWorkloadApi(Services);
        if (Endpoint is { } endpoint && options.Spiffe.Federation.Port is { } port)
        {
            // After the host has given Kestrel its services, which TLS asks for.
            services.PostConfigure<KestrelServerOptions>(kestrel => kestrel.Listen(new IPEndPoint(options.Listen.Bind, port), listener =>
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                listener.MarkAs(ListenerKind.Bundles);
                listener.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => new(endpoint.Options), HandshakeTimeout = options.Tls.HandshakeTimeout });
            }));
        }
    }

    /// <summary>Everything of it that is served, each at its doors.</summary>
    internal void Map(WebApplication app, ApplianceOptions options)
    {
        app.MapAt(ListenerKind.Workloads).MapWorkloadApi();
        ListenerKind[] doors = [.. options.Spiffe.Federation.Publish ? [ListenerKind.Https] : Array.Empty<ListenerKind>(), .. Endpoint is null ? Array.Empty<ListenerKind>() : [ListenerKind.Bundles]];
        if (doors.Length > 0)
        {
            app.MapAt(doors).MapBundle(Bundle);
        }
    }

    /// <summary>What goes on until it is cancelled.</summary>
    internal IEnumerable<Task> Keep(CancellationToken cancellationToken) =>
        [_entries.KeepAsync(cancellationToken), Endpoint?.KeepAsync(cancellationToken) ?? Task.CompletedTask, .. _followers.Select(f => f.FollowAsync(cancellationToken))];

    public void Dispose()
    {
        _metrics?.Dispose();
        _clients.ForEach(c => c.Dispose());
        Endpoint?.Dispose();
        Bundle.Dispose();
    }

    // What was heard last counts until the first answer; before that, what the administrator was given by theirs.
    private void Follow(FederationDomainSettings settings, ApplianceHome home, ForeignBundles foreign)
    {
        var kept = Path.Combine(home.ForeignBundles, $"{settings.Name}.json");
        foreach (var file in new[] { settings.Bundle.Length > 0 ? home.Resolve(settings.Bundle) : null, File.Exists(kept) ? kept : null }.OfType<string>())
        {
            try
            {
                if (!BundleDocument.TryParse(File.ReadAllBytes(file), out var bundle, out var problem))
                {
                    throw new CommandException(ExitCodes.Usage, $"The bundle of trust domain '{settings.Name}' in {file} {problem}.", "Get it anew from its administrator.");
                }

                _ = foreign.TryTake(settings.Name, bundle);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new CommandException(ExitCodes.Usage, $"The bundle of trust domain '{settings.Name}' cannot be read: {error.Message}", "Put it there, or take it out of 'spiffe: federation: domains'.", error);
            }
        }

        var domain = new FederatedDomain(settings.Name, new Uri(settings.Url), settings.EndpointId.Length > 0 ? SpiffeId.Parse(settings.EndpointId) : null, RootsOf(settings, home));
        var client = new BundleClient(domain, foreign, Services.Time);
        _clients.Add(client);
        _followers.Add(new BundleFollower(domain, client, foreign, Services.Workloads.Signal, octets => Write(kept, octets), Services.Time, Services.Logger));
    }

    private static void Write(string path, byte[] octets)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? "/");
        PrivateFile.Write(path, octets);
    }

    private static X509Certificate2Collection RootsOf(FederationDomainSettings settings, ApplianceHome home)
    {
        var roots = new X509Certificate2Collection();
        if (settings.Roots.Length > 0)
        {
            try
            {
                roots.ImportFromPemFile(home.Resolve(settings.Roots));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
            {
                throw new CommandException(ExitCodes.Usage, $"The roots for trust domain '{settings.Name}' cannot be read: {error.Message}", "A PEM file with certificates is wanted.", error);
            }
        }

        return roots;
    }
}
