using AgentPki.Agents;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Checkpoints;
using AgentPki.Authority.Cms;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.OAuth;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Feed;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Spiffe;
using AgentPki.Authority.Watching;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Authority.Watching.Webhook;
using AgentPki.Authority.Witnessing;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Composition;

/// <summary>
/// One running authority: its object graph, written out. Server, tests and benchmarks build it with <see cref="StartAsync"/> and end it with
/// <see cref="DisposeAsync"/>, which writes what waits and signs the last checkpoint.
/// </summary>
public sealed class AuthorityServices : IAsyncDisposable
{
    private static readonly TimeSpan LastLists = TimeSpan.FromSeconds(5);

    private readonly AuthorityEnvironment _environment;
    private readonly AuthorityMetrics _metrics;
    private readonly OcspResponderKeeper _responders;
    private readonly MaintenanceRound _maintenance;
    private readonly CancellationTokenSource _stopping = new();

    private AuthorityServices(AuthorityEnvironment environment, AuthorityMetrics metrics, CommitWriter commits, IssuerDirectory issuers, CampaignDirectory campaigns, IssuedSerials issued, KeyReference checkpointKey)
    {
        var (providers, stores, profiles, options, time, _) = environment;
        (_environment, _metrics, Commits, Issuers) = (environment, metrics, commits, issuers);
        Behaviour = new BehaviourQueue();
        Audit = new AuditTrail(commits, options.RefusalInterval, time, metrics, environment.Logger<AuditTrail>(), Behaviour);
        var authority = new CertificateAuthority(issuers, commits, options, metrics, time, environment.Logger<CertificateAuthority>());
        Approvals = new ApprovalService(stores.Approvals, commits, Audit, options, time);
        Credentials = new CredentialService(stores.Credentials, commits, Audit, profiles, time);
        var uses = new UseWatch(campaigns, stores.Campaigns, commits, time, environment.Logger<UseWatch>());
        var authenticator = new RequesterAuthenticator(stores.Certificates, stores.Agents, stores.Credentials, issuers, commits.Revocations, uses, time);
        RegistryRules = new RulesKeeper<RegistryRules>(AgentPki.Authority.Registry.RegistryRules.Kind, environment.RegistryRules, stores.Governance, commits, Audit, time, environment.Logger<RulesKeeper<RegistryRules>>());
        Registry = new AgentRegistry(stores.Agents, new AgentPlanner(stores.Agents, profiles, RegistryRules, options, time), RegistryRules, commits, Audit, time);
        Limits = new AgentLimits(stores.Agents, stores.Revocations, RegistryRules, commits, Audit, time);
        Trees = new AgentTrees(stores.Agents, stores.Certificates, time);
        Owners = new OwnerService(stores.Agents, commits, Audit, time);
        RegistryWatch = new RegistryWatch(stores.Agents, RegistryRules, commits, time, environment.Logger<RegistryWatch>());
        var policy = new EnrollmentPolicy(profiles, new AgentNaming(options.TrustDomain), stores.Agents, new RegistryGate(stores.Agents, stores.Campaigns, RegistryRules), stores.Certificates, Approvals, new PossessionProof(stores.Certificates, issuers, providers, time), providers, new SubjectKeyMaker(providers), new ChildEnrollment(stores.Agents, stores.Grants), issuers, campaigns, options, time);
        Registration = new RegistrationAuthority(authenticator, policy, authority, issuers, profiles, campaigns, Audit, Behaviour, options, time, environment.Logger<RegistrationAuthority>());
        Delegations = new DelegationService(authenticator, stores, commits, Audit, Behaviour, providers, options, time);
        Appliance = new ApplianceEnrollment(profiles, authority, issuers, Audit);
        Agents = new AgentService(stores.Agents, stores.Watch, commits, Audit, time);
        Adjustments = new AdjustmentService(stores.Decisions, stores.Agents, commits, Audit, time);
        Revocations = new RevocationService(stores.Certificates, stores.Revocations, stores.Agents, stores.Watch, issuers, commits, Audit, metrics, options, time);
        Reversals = new ResponseReversal(stores.Watch, stores.Agents, Adjustments, environment.Alerts, commits, Audit, time, environment.Logger<ResponseReversal>());
        var watchLog = environment.Logger<BehaviourWatch>();
        WatchRules = new RulesKeeper<WatchRules>(Watching.WatchRules.Kind, environment.WatchRules, stores.Governance, commits, Audit, time, environment.Logger<RulesKeeper<WatchRules>>());
        Watch = new BehaviourWatch(
            Behaviour,
            WatchRules,
            new BehaviourMemory(environment.BehaviourMemory, watchLog),
            environment.Alerts,
            watch => new BehaviourResponder(stores.Agents, stores.Watch, Revocations, Adjustments, commits, environment.Alerts, watch, time, watchLog),
            time,
            watchLog);
        var folder = environment.CertificateListFolder is { } path ? CertificateListFolder.At(path) : CertificateListFolder.Temporary();
        var maker = new CertificateListMaker(issuers, stores.Certificates, stores.CertificateLists, folder, commits, profiles, options, time);
        CertificateLists = new CertificateListService(issuers, stores.CertificateLists, folder, maker, commits.Revocations, time, environment.Logger<CertificateListService>());
        var keys = new KeyMaker(providers, options.KeyPlacement, commits, time);
        var helpers = new HelperSigners(stores.Certificates, Appliance, keys, time);
        CmsSigners = new CmsSignerKeeper(profiles, issuers, stores.Certificates, Appliance, keys, commits.Revocations, time);
        _responders = new OcspResponderKeeper(profiles, issuers, stores.Certificates, Appliance, keys, providers, commits.Revocations, options, time, environment.Logger<OcspResponderKeeper>());
        Ocsp = new OcspService(issuers, _responders, stores.Certificates, issued, commits.Revocations, providers, options, metrics, time, environment.Logger<OcspService>());
        Feed = new RevocationFeed(
            stores.Revocations,
            stores.Feed,
            commits,
            new FeedSignerKeeper(profiles, issuers, stores.Certificates, helpers, commits, providers, time),
            new FeedStatements(stores.Revocations, stores.Ledger, issuers, time),
            options.Feed,
            metrics,
            time,
            environment.Logger<RevocationFeed>());
        Checkpoints = new CheckpointService(commits, stores.Ledger, providers, checkpointKey, options.CheckpointInterval, time, environment.Logger<CheckpointService>());
        GrantBundles = new GrantBundles(authenticator, stores, issuers, Checkpoints, options.AgentPolicyOid);
        Witnesses = new WitnessFeeder(stores.Ledger, providers, environment.SecondCheckpointLabel, environment.Witnesses, options.WitnessInterval, metrics, time, environment.Logger<WitnessFeeder>());
        Successions = new SuccessionService(issuers, profiles, keys, providers, commits, Audit, options, time, environment.Logger<SuccessionService>());
        var planner = new CampaignPlanner(profiles, issuers, stores.Campaigns, campaigns, providers, time);
        var steps = new CampaignSteps(planner, stores.Campaigns, stores.Certificates, commits, metrics, time, environment.Logger<CampaignSteps>());
        Migrations = new MigrationService(campaigns, planner, steps, stores.Campaigns, commits, Audit, time, environment.Logger<MigrationService>());
        Administrators = new AdministratorAuthenticator(stores.Governance, stores.Certificates, issuers, profiles, time);
        Governance = new AdministratorService(stores.Governance, Administrators, profiles, Appliance, Revocations, commits, Audit, providers, time);
        AdminRequests = new AdminRequestService(stores.Governance, commits, Audit, options, time);
        ApprovedFiles = new ApprovedFiles(stores.Governance, commits, time);
        Workloads = new WorkloadAuthority(environment, Registration, issuers, campaigns, CertificateLists, helpers, commits, Audit);
        OAuth = options.OAuth is { } oauth
            ? new OAuthAuthority(environment, oauth, authenticator, issuers, new TokenSignerKeeper(profiles, issuers, stores.Certificates, helpers, commits.Revocations, oauth, providers, time), Workloads.Tokens, commits, Audit, Behaviour, metrics)
            : null;
        Acme = new AcmeAuthority(environment, Registration, Revocations, issuers, campaigns, commits, Audit);
        IssuedLoaded = LoadIssuedAsync(issued);
        _maintenance = new MaintenanceRound(this, _responders, environment.Logger<AuthorityServices>());
        _maintenance.Start(time, options.MaintenanceInterval);
    }

    public RegistrationAuthority Registration { get; }

    public ApplianceEnrollment Appliance { get; }

    public AgentService Agents { get; }

    /// <summary>Agents that have children.</summary>
    public DelegationService Delegations { get; }

    /// <summary>What children hand to strangers.</summary>
    public GrantBundles GrantBundles { get; }

    /// <summary>What is registered of agents.</summary>
    public AgentRegistry Registry { get; }

    /// <summary>Narrows an agent, and with it everything below it.</summary>
    public AgentLimits Limits { get; }

    /// <summary>Agents with what is below them.</summary>
    public AgentTrees Trees { get; }

    /// <summary>Who answers for agents.</summary>
    public OwnerService Owners { get; }

    /// <summary>The registry's rules in force.</summary>
    public RulesKeeper<RegistryRules> RegistryRules { get; }

    /// <summary>Finds orphans and overdue reviews.</summary>
    public RegistryWatch RegistryWatch { get; }

    public ApprovalService Approvals { get; }

    public CredentialService Credentials { get; }

    public RevocationService Revocations { get; }

    /// <summary>Tells somebody outside of what the watch finds; null: nobody does.</summary>
    public IWatchAlerts? Alerts => _environment.Alerts;

    /// <summary>Takes back what was done about agents by rule.</summary>
    public ResponseReversal Reversals { get; }

    /// <summary>What agents are narrowed to or given for a time.</summary>
    public AdjustmentService Adjustments { get; }

    /// <summary>Accounts, orders and authorizations of ACME clients.</summary>
    public AcmeAuthority Acme { get; }

    /// <summary>Identities of attested processes (SPIFFE).</summary>
    public WorkloadAuthority Workloads { get; }

    /// <summary>Access tokens; null: they are not switched on.</summary>
    public OAuthAuthority? OAuth { get; }

    public CertificateListService CertificateLists { get; }

    public OcspService Ocsp { get; }

    /// <summary>Ends when OCSP knows every serial number that was ever issued.</summary>
    public Task IssuedLoaded { get; }

    /// <summary>Tells relying parties of revocations. Silent until it is started.</summary>
    public RevocationFeed Feed { get; }

    public CheckpointService Checkpoints { get; }

    /// <summary>Has independent witnesses cosign the ledger's heads.</summary>
    public WitnessFeeder Witnesses { get; }

    /// <summary>Who signs CMC answers and the key packages of serverkeygen.</summary>
    public CmsSignerKeeper CmsSigners { get; }

    /// <summary>Moves CAs to other keys.</summary>
    public SuccessionService Successions { get; }

    /// <summary>Moves fleets to other algorithms.</summary>
    public MigrationService Migrations { get; }

    /// <summary>Knows administrators by their certificates.</summary>
    public AdministratorAuthenticator Administrators { get; }

    /// <summary>Who administers.</summary>
    public AdministratorService Governance { get; }

    /// <summary>What waits for a second person.</summary>
    public AdminRequestService AdminRequests { get; }

    /// <summary>Files that serve only as they were approved.</summary>
    public ApprovedFiles ApprovedFiles { get; }

    public AuditTrail Audit { get; }

    /// <summary>Takes what agents do, for those who watch them.</summary>
    public BehaviourQueue Behaviour { get; }

    /// <summary>How agents are watched, and what is done: the rules in force.</summary>
    public RulesKeeper<WatchRules> WatchRules { get; }

    /// <summary>Looks at what agents do.</summary>
    public BehaviourWatch Watch { get; }

    public CommitWriter Commits { get; }

    public IssuerDirectory Issuers { get; }

    public ProfileCatalog Profiles => _environment.Profiles;

    public AuthorityOptions Options => _environment.Options;

    public AuthorityStores Stores => _environment.Stores;

    /// <summary>Builds the authority over CAs that a ceremony has made.</summary>
    /// <param name="checkpointKey">The key of <see cref="CeremonyOptions.CheckpointLabel"/>.</param>
    /// <exception cref="ProfileException">A profile is issued by nobody, or with a signature its issuer cannot make.</exception>
    /// <exception cref="Store.StoreUnavailableException">The store cannot be read.</exception>
    /// <exception cref="InvalidOperationException">The rules of registry or watch are broken, and no others were approved.</exception>
    public static async ValueTask<AuthorityServices> StartAsync(AuthorityEnvironment environment, KeyReference checkpointKey, CancellationToken cancellationToken)
    {
        environment.Options.Validate();
        var stores = environment.Stores;
        environment = environment with { Options = environment.Options with { Epoch = (await stores.Ledger.ExtentAsync(cancellationToken)).Epoch } };
        var clock = new RevocationClock(await stores.Certificates.RevocationEpochAsync(cancellationToken));
        var issuers = await IssuerDirectory.LoadAsync(stores.Authorities, stores.Certificates, environment.Providers, environment.Options, clock, cancellationToken);
        CheckCertificateLists(environment, issuers);
        environment.Profiles.CheckIssuers([.. issuers.All.Select(i => new ProfileIssuer(i.Name, i.Certificate.PublicKey.Algorithm))]);
        var metrics = new AuthorityMetrics();
        var issued = new IssuedSerials(await stores.Certificates.CountAsync(cancellationToken));
        var commits = new CommitWriter(stores.Commits, environment.Options.Commit, clock, metrics, environment.Logger<CommitWriter>(), issued);
        var campaigns = new CampaignDirectory(environment.Profiles, stores.Campaigns);
        await campaigns.ReloadAsync(cancellationToken);
        var services = new AuthorityServices(environment, metrics, commits, issuers, campaigns, issued, checkpointKey);
        try
        {
            await services.Adjustments.ReloadAsync(cancellationToken);
            await services.RegistryRules.StartAsync(cancellationToken);
            await services.WatchRules.StartAsync(cancellationToken);
            services.Watch.Start();
            await services.Acme.ResumeAsync(cancellationToken);
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why it cannot issue now, or null when it can: keys there, CAs valid, records writable.</summary>
    public async ValueTask<string?> WhyNotReadyAsync(CancellationToken cancellationToken)
    {
        if (Commits.Stopped is { } stopped)
        {
            return stopped;
        }

        if (!Commits.IsHealthy)
        {
            return "the store cannot be written";
        }

        if (Witnesses.Contradiction is { } contradiction)
        {
            return contradiction;
        }

        try
        {
            // An OCSP responder belongs to one CA, which may be revoked while its successor issues.
            foreach (var (name, issuer) in Profiles.All.Where(p => p.Use != ProfileUse.OcspResponder).Select(p => (p.Issuer, Issuers.IssuerFor(p))).Distinct())
            {
                if (issuer is null || await Issuers.WhyNotUsableAsync(issuer, _environment.Time.GetUtcNow(), cancellationToken) is not null)
                {
                    return $"CA '{name}' is not usable";
                }

                await issuer.EnsureKeyAsync(cancellationToken);
            }

            return null;
        }
        catch (KeyUnavailableException)
        {
            return "the token that keeps the CA's key does not answer";
        }
        catch (Store.StoreUnavailableException)
        {
            return "the store cannot be read";
        }
    }

    /// <summary>Renews CRLs and OCSP responders that are due (the first call, at start, makes them) and ends approvals whose time is over; moves campaigns on; looks through the registry.</summary>
    public ValueTask MaintainAsync(CancellationToken cancellationToken) => _maintenance.RunAsync(cancellationToken);

    /// <summary>
    /// This log goes on elsewhere: from now on nothing is issued, decided or revoked here, and no head is signed. What was decided can still be asked: OCSP, the feed, and the CRLs, which
    /// are made once more and then end by themselves.
    /// </summary>
    /// <param name="reason">What whoever wants more is told, as a sentence.</param>
    public async Task SupersedeAsync(string reason)
    {
        try
        {
            await CertificateLists.RefreshAsync(CancellationToken.None).AsTask().WaitAsync(LastLists);
        }
        catch (Exception failure) when (failure is TimeoutException or Store.StoreUnavailableException)
        {
            // A token that does not answer holds up nothing.
            Log.MaintenanceFailed(_environment.Logger<AuthorityServices>(), failure);
        }
        finally
        {
            Commits.Stop(reason);
        }
    }

    /// <summary>Takes no more decisions, writes the last ones, signs the head over them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _maintenance.DisposeAsync();
        await _stopping.CancelAsync();
        await IssuedLoaded;
        _stopping.Dispose();
        await Watch.DisposeAsync();
        await Acme.DisposeAsync();
        await Workloads.DisposeAsync();
        await Feed.DisposeAsync();
        await Audit.DisposeAsync();
        await Commits.DisposeAsync();
        await Checkpoints.DisposeAsync();
        await Witnesses.DisposeAsync();
        await _responders.DisposeAsync();
        await CmsSigners.DisposeAsync();
        await (OAuth?.DisposeAsync() ?? ValueTask.CompletedTask);
        CertificateLists.Dispose();
        Migrations.Dispose();
        Successions.Dispose();
        Governance.Dispose();
        Adjustments.Dispose();
        Delegations.Dispose();
        RegistryWatch.Dispose();
        RegistryRules.Dispose();
        WatchRules.Dispose();
        await Issuers.DisposeAsync();
        _metrics.Dispose();
    }

    // A misspelt CA, or certificates that point to a delta CRL which nobody makes.
    private static void CheckCertificateLists(AuthorityEnvironment environment, IssuerDirectory issuers)
    {
        if (environment.Options.CertificateLists.Keys.FirstOrDefault(name => issuers.Find(name) is null) is { } unknown)
        {
            throw new InvalidOperationException($"The CRLs of '{unknown}' are configured, but there is no such CA; known: {string.Join(", ", issuers.All.Select(i => i.Name))}.");
        }

        var errors = environment.Profiles.All.Where(p => p.Status.DeltaList && environment.Options.CertificateListsOf(p.Issuer).DeltaValidity is null)
            .Select(p => new ProfileError(p.Source, 0, "status.deltaCrl", $"CA '{p.Issuer}' makes no delta CRLs: set crl.authorities.delta in agentpki.yaml, or leave deltaCrl out")).ToList();
        if (errors.Count > 0)
        {
            throw new ProfileException(errors);
        }
    }

    // Beside everything else: until it is done, a question about what was never issued costs a read, and no more.
    private async Task LoadIssuedAsync(IssuedSerials issued)
    {
        try
        {
            await Task.Run(() => issued.LoadAsync(_environment.Stores.Certificates, _stopping.Token));
        }
        catch (OperationCanceledException)
        {
        }
        catch (Store.StoreUnavailableException failure)
        {
            Log.IssuedNotLoaded(_environment.Logger<AuthorityServices>(), failure);
        }
    }
}
