using System.Globalization;
using AgentPki.Authority;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Locks;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Protocols.CertificateLists;
using AgentPki.Protocols.Health;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Ocsp;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Hosting;
using AgentPki.Storage;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Locks;

/// <summary>
/// An appliance whose tokens nobody has opened yet: it is alive and not ready, gives out the CRLs that are there, takes officers' shares at its socket, and
/// says to everything else why. It has no HTTPS: its key is wrapped under a key of the token.
/// </summary>
internal sealed class LockedAppliance(ApplianceHome home, ApplianceOptions options, QuorumLocks locks, TimeProvider clock, ILoggerFactory loggers)
{
    private readonly ILogger _logger = loggers.CreateLogger<LockedAppliance>();

    /// <summary>Serves until enough officers have opened it.</summary>
    /// <param name="begun">Called when it serves.</param>
    /// <exception cref="CommandException">It cannot even serve that.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async Task RunAsync(Action begun, CancellationToken cancellationToken)
    {
        try
        {
            await using var store = await SqliteStore.OpenAsync(ApplianceParts.StoreOptionsOf(home, options), clock, loggers.CreateLogger<SqliteStore>(), cancellationToken);
            var stores = AuthorityStores.Of(store);
            var authorities = await stores.Authorities.ListAsync(cancellationToken);
            var revocations = new RevocationClock(await stores.Certificates.RevocationEpochAsync(cancellationToken));
            using var metrics = new AuthorityMetrics();
            await using var commits = new CommitWriter(stores.Commits, new CommitWriterOptions(), revocations, metrics, loggers.CreateLogger<CommitWriter>());
            await using var audit = new AuditTrail(commits, TimeSpan.FromMinutes(1), clock, metrics, loggers.CreateLogger<AuditTrail>());
            using var folder = CertificateListFolder.At(home.CertificateLists);
            var services = new LockedServices
            {
                Locks = locks,
                Audit = audit,
                Peer = static context => context.Features.Get<PeerCredentials>() is { } peer ? $"admin:uid={peer.UserId.ToString(CultureInfo.InvariantCulture)}" : null,
                Status = token => StatusAsync(stores, revocations, token),
                Time = clock,
                Logger = loggers.CreateLogger("AgentPki.Protocols.Admin"),
            };
            await using var host = await ApplianceHost.StartAsync(home, options, tls: null, static _ => { }, app => Map(app, services, stores, folder, authorities), loggers, cancellationToken);
            Log.StartedLocked(_logger, locks.WhyLocked ?? "", string.Create(CultureInfo.InvariantCulture, $"{options.Listen.Bind}:{options.Listen.HttpPort}"));
            begun();
            await locks.WaitUntilOpenAsync(cancellationToken);
            Log.Opened(_logger);
        }
        catch (StoreUnavailableException error)
        {
            throw new CommandException(ExitCodes.Environment, error.Message, "'agentpki doctor' checks the database.", error);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCodes.Environment, $"The listeners could not be opened: {error.Message}", "Choose another port with AGENTPKI_HTTP_PORT.", error);
        }
    }

    private void Map(WebApplication app, LockedServices services, AuthorityStores stores, CertificateListFolder folder, IReadOnlyList<AuthorityRecord> authorities)
    {
        var lists = new StoredCertificateLists(stores.CertificateLists, folder, () => locks.WhyLocked ?? "it is being opened", clock);
        var http = app.MapAt(ListenerKind.Http);
        http.MapCertificateLists(new CertificateListServices { Current = lists.CurrentAsync, Chain = name => Chain(authorities, name), Time = clock });
        http.MapOcspTryLater();
        http.MapHealth(new LockedReadiness(locks), clock);
        http.Map("/{**path}", context => ProblemText.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "unavailable", LockedAdminEndpoints.WhyNot(locks)));
        app.MapAt(ListenerKind.Admin).MapLockedAdmin(services);
    }

    private async ValueTask<StatusView> StatusAsync(AuthorityStores stores, RevocationClock revocations, CancellationToken cancellationToken) => new(
        VersionText.Number,
        options.TrustDomain,
        options.PublicUrl,
        false,
        [locks.WhyLocked ?? "it is being opened", .. locks.Problem is { } problem ? [$"it was locked again: {problem}"] : Array.Empty<string>()],
        await stores.Certificates.CountAsync(cancellationToken),
        revocations.Epoch,
        (await stores.Ledger.HeadAsync(cancellationToken)).Size,
        clock.GetUtcNow(),
        "none while it is locked");

    /// <summary>A CA's certificate and those above it.</summary>
    private static List<Certificate> Chain(IReadOnlyList<AuthorityRecord> authorities, string name)
    {
        var chain = new List<Certificate>();
        for (var at = authorities.FirstOrDefault(a => a.Name == name); at is not null && chain.Count < authorities.Count; at = at.Issuer == at.Name ? null : authorities.FirstOrDefault(a => a.Name == at.Issuer))
        {
            chain.Add(Certificate.Parse(at.Der));
        }

        return chain;
    }

    private sealed class LockedReadiness(QuorumLocks locks) : IReadiness
    {
        public ValueTask<IReadOnlyList<string>> ReasonsAgainstAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<string>>([locks.WhyLocked ?? "it is being opened"]);
    }
}
