using AgentPki.Authority;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Verification;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace AgentPki.Storage.Tests.Migration;

/// <summary>
/// A whole authority on a real database, and agents that do what a stock client with csrattrs does: ask what to use, make such a key, renew, show the new
/// certificate. The authority can die at any commit and come back on what the disk holds.
/// </summary>
internal sealed class Fleet : IAsyncDisposable
{
    private const string Label = "agent";
    private static readonly KeyReference CheckpointKey = new("platform", CeremonyOptions.CheckpointLabel("f-"));
    private readonly TemporaryFolder _folder;
    private readonly CryptoProviders _providers;
    private readonly ICryptoProvider[] _agentKeys;
    private readonly ParallelOptions _parallel = new() { MaxDegreeOfParallelism = 16 };
    private SqliteStore _store;
    private DyingStore _dying;
    private string _database;
    private int _lives = 1;

    private Fleet(TemporaryFolder folder, CryptoProviders providers, SqliteStore store, string database)
    {
        (_folder, _providers, _store, _database) = (folder, providers, store, database);
        _agentKeys = [.. providers.All.Where(p => p.Protection == KeyProtection.Software)];
        _dying = new DyingStore(store);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2027, 3, 1, 12, 0, 0, TimeSpan.Zero));

    public AuthorityServices Services { get; private set; } = null!;

    public SimulatedAgent[] Agents { get; private set; } = [];

    public MigrationService Migrations => Services.Migrations;

    /// <summary>A ceremony, and so many agents with P-256 certificates.</summary>
    public static async Task<Fleet> StartAsync(int agents, params ICryptoProvider[] more)
    {
        var folder = new TemporaryFolder();
        var database = Path.Combine(folder.Path, "life-1", "agentpki.db");
        Directory.CreateDirectory(Path.GetDirectoryName(database)!);
        var fleet = new Fleet(folder, new CryptoProviders([new PlatformProvider(), new BouncyCastleProvider(), .. more]), await OpenAsync(database), database);
        await new DevelopmentCeremony(fleet.EnvironmentOf()).RunAsync(CeremonyOptions.Development("f-", "Fleet"), CancellationToken.None);
        fleet.Services = await AuthorityServices.StartAsync(fleet.EnvironmentOf(), CheckpointKey, CancellationToken.None);
        var created = await fleet.Services.Credentials.CreateAsync(new NewCredential("fleet", "team-a", [], null, null, TimeSpan.FromDays(1)), "admin:test", "c", CancellationToken.None);
        var credential = ((Outcome<CreatedCredential>.Done)created).Value;
        fleet.Agents = [.. Enumerable.Range(0, agents).Select(n => new SimulatedAgent($"agent-{n}.fleet.test"))];
        await Parallel.ForEachAsync(fleet.Agents, fleet._parallel, async (agent, _) =>
            Assert.True(await fleet.EnrolAsync(agent, new Requester.Credential(credential.Credential.Name, credential.Secret), EnrollmentKind.Enroll, KeyAlgorithm.EcdsaP256)));
        return fleet;
    }

    /// <summary>Every agent of these asks once, follows what it is told, and shows what it got. How many got a new certificate.</summary>
    public async Task<int> PollAsync(IEnumerable<SimulatedAgent>? some = null)
    {
        var moved = 0;
        await Parallel.ForEachAsync(some ?? Agents, _parallel, async (agent, _) =>
        {
            try
            {
                var wanted = (await Services.Registration.ProfileForAsync(agent.Requester, Label, CancellationToken.None))!.KeyAlgorithms[0];
                if (wanted != agent.Certificate!.PublicKey.Algorithm && await EnrolAsync(agent, agent.Requester, EnrollmentKind.Renew, wanted))
                {
                    Interlocked.Increment(ref moved);
                    await Services.Registration.ProfileForAsync(agent.Requester, Label, CancellationToken.None);
                }
            }
            catch (StoreUnavailableException)
            {
                // The appliance is gone; the agent comes again.
            }
        });
        return moved;
    }

    /// <summary>Lets the appliance die after so many commits more.</summary>
    public void DieAfter(long commits) => _dying.DieAfter(commits);

    /// <summary>Nothing of the dead one is disposed of; what its disk holds at this moment is what the next one finds.</summary>
    public async Task ComeBackAsync()
    {
        Assert.True(_dying.IsDead, "the appliance was to die and did not");
        var next = Path.Combine(_folder.Path, $"life-{++_lives}", "agentpki.db");
        Directory.CreateDirectory(Path.GetDirectoryName(next)!);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_database)!, "agentpki.db*").Where(f => f.EndsWith(".db", StringComparison.Ordinal) || f.EndsWith("-wal", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(Path.GetDirectoryName(next)!, Path.GetFileName(file)));
        }

        var (dead, deadStore) = (Services, _store);
        _database = next;
        _store = await OpenAsync(next);
        _dying = new DyingStore(_store);
        Services = await AuthorityServices.StartAsync(EnvironmentOf(), CheckpointKey, CancellationToken.None);
        Abandoned.Add((dead, deadStore));
    }

    public async Task<CampaignChange> CommandAsync(ValueTask<Outcome<CampaignChange>> command) => await command switch
    {
        Outcome<CampaignChange>.Done(var change) => change,
        Outcome<CampaignChange>.Refused(var problem) => throw new InvalidOperationException(problem.Detail),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    public async Task<CampaignProgress> ProgressAsync(string campaign) => await Migrations.FindAsync(campaign, CancellationToken.None) ?? throw new InvalidOperationException(campaign);

    /// <summary>Moves the clock beyond the campaigns' grace and holds a round.</summary>
    public async Task GraceAsync()
    {
        Time.Advance(TimeSpan.FromMinutes(61));
        await Migrations.AdvanceAsync(CancellationToken.None);
    }

    public ValueTask<IReadOnlyList<StoredCertificate>> CertificatesOfAsync(SimulatedAgent agent) => ((ICertificateStore)_store).ListByAgentAsync(agent.Id, 100, CancellationToken.None);

    public async Task<LedgerVerification> VerifyAsync() =>
        await LedgerVerifier.VerifyAsync(_store, _providers, new LedgerVerifierOptions { Evidence = _store }, null, CancellationToken.None);

    public async IAsyncEnumerable<Ledger.LedgerRecord> EntriesAsync()
    {
        await foreach (var record in ((Ledger.ILedgerStore)_store).ReadAsync(0, CancellationToken.None))
        {
            yield return record;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Services.DisposeAsync();
        await _store.DisposeAsync();
        foreach (var (services, store) in Abandoned)
        {
            await services.DisposeAsync();
            await store.DisposeAsync();
        }

        _folder.Dispose();
    }

    private List<(AuthorityServices Services, SqliteStore Store)> Abandoned { get; } = [];

    private async Task<bool> EnrolAsync(SimulatedAgent agent, Requester requester, EnrollmentKind kind, KeyAlgorithm algorithm)
    {
        var provider = _agentKeys.First(p => p.CapabilitiesFor(algorithm).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign));
        await using var key = await provider.GenerateAsync(new KeySpec($"{agent.Name}-{Guid.NewGuid():N}", algorithm, KeyPurpose.Subject), CancellationToken.None);
        var csr = Pkcs10Request.Parse(await Pkcs10Request.CreateAsync(X500Name.Create((Oids.CommonName, agent.Name)), [new GeneralName.Dns(agent.Name)], key, CancellationToken.None));
        if (await Services.Registration.EnrollAsync(new EnrollmentRequest(csr, requester, Label, kind, "test", "c"), CancellationToken.None) is EnrollmentOutcome.Issued issued)
        {
            agent.Certificate = issued.Certificate;
            return true;
        }

        return false;
    }

    private AuthorityEnvironment EnvironmentOf() => new(
        _providers, AuthorityStores.Of(_store) with { Commits = _dying }, ProfileCatalog.Defaults(),
        new AuthorityOptions { TrustDomain = "fleet.test", PublicUrl = "http://pki.test:8080", MaintenanceInterval = TimeSpan.FromDays(40), KeyPlacement = KeyPlacement.AllowSoftware }, Time, NullLoggerFactory.Instance);

    private static Task<SqliteStore> OpenAsync(string database) => SqliteStore.OpenAsync(
        new SqliteStoreOptions { DatabasePath = database, CheckpointsPath = Path.ChangeExtension(database, ".checkpoints") }, TimeProvider.System, NullLogger<SqliteStore>.Instance, CancellationToken.None);
}

/// <summary>One agent and the certificate it goes by.</summary>
internal sealed class SimulatedAgent(string name)
{
    public string Name { get; } = name;

    public Certificate? Certificate { get; set; }

    public string Id => Certificate!.SpiffeId!.ToString();

    public Requester Requester => new Requester.AgentCertificate(Certificate!);
}
