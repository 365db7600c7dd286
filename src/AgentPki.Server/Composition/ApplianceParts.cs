using AgentPki.Authority;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Locks;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Pkcs11;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.AuthorityTokens;
using AgentPki.Protocols.Acme.Validation;
using AgentPki.Protocols.Watching;
using AgentPki.Protocols.Witness;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Tls;
using AgentPki.Storage;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Composition;

/// <summary>What an authority stands on: the tokens, the providers in their order, the store. Shared by the service and the ceremony.</summary>
public sealed class ApplianceParts : IAsyncDisposable
{
    private ApplianceParts(ApplianceHome home, ApplianceOptions options, OpenTokens tokens, IKeyWrapper wrapper, SqliteStore store, AuthorityEnvironment environment) =>
        (Home, Options, Tokens, Wrapper, Store, Environment) = (home, options, tokens, wrapper, store, environment);

    public ApplianceHome Home { get; }

    public ApplianceOptions Options { get; }

    public OpenTokens Tokens { get; }

    public IKeyWrapper Wrapper { get; }

    public SqliteStore Store { get; }

    public AuthorityEnvironment Environment { get; }

    /// <summary>Tokens that only officers together open; none where they open by themselves.</summary>
    internal QuorumLocks Locks { get; set; } = new([]);

    public CryptoProviders Providers => Environment.Providers;

    /// <summary>Opens tokens and store.</summary>
    /// <param name="placement">Where new keys may be made.</param>
    /// <exception cref="CommandException">One of them cannot be opened; the message says why and what to do.</exception>
    public static async Task<ApplianceParts> OpenAsync(
        ApplianceHome home, ApplianceOptions options, IReadOnlyList<Pkcs11Options> tokenOptions, KeyPlacement placement, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var profiles = ProfileFiles.Load(home);
        var relatedAuthorities = RelatedAuthorities.Load(home);
        var attestation = AcmeTrustFiles.Attestation(home, options.Acme.Attestation);
        var authorityTokens = AcmeTrustFiles.Tokens(home, options.Acme.AuthorityTokens);
        var tokens = await OpenTokens.OpenAsync(tokenOptions, clock, loggers, cancellationToken);
        try
        {
            var (wrappingToken, wrapper) = await tokens.OpenWrapperAsync(options.KeyPrefix, cancellationToken);
            var store = await SqliteStore.OpenAsync(StoreOptionsOf(home, options), clock, loggers.CreateLogger<SqliteStore>(), cancellationToken);
            var environment = new AuthorityEnvironment(ProviderList.Of(tokens, ProviderList.Wrapped(home, wrappingToken, wrapper, clock)), AuthorityStores.Of(store), profiles, AuthorityOptionsOf(options, placement, relatedAuthorities) with { Epoch = (await store.ExtentAsync(cancellationToken)).Epoch }, clock, loggers) { Wrapper = wrapper, CertificateListFolder = home.CertificateLists, RegistryRules = new RulesFile(home.RegistryRules, isGoverned: !options.Development), WatchRules = new RulesFile(home.WatchRules, isGoverned: !options.Development), BehaviourMemory = home.BehaviourMemory };
            var validation = new AcmeValidation(options.Acme.Validation, environment.Providers, clock);
            environment = environment with { ChallengeValidators = [.. validation.Validators, .. DeviceAttestation.Validators(attestation, environment.Providers, clock), .. AuthorityTokenChallenge.Validators(authorityTokens, environment.Providers, clock)], Caa = validation.Caa };
            environment = environment with { SecondCheckpointLabel = CeremonyOptions.SecondCheckpointLabel(options.KeyPrefix), Witnesses = [.. options.Ledger.Witnesses.Select(w => new WitnessClient(w.Url, w.Keys))] };
            environment = environment with { Alerts = new WebhookAlerts(options.PublicUrl, file => WebhookSecretFile.Read(home, file), clock, loggers.CreateLogger<WebhookAlerts>()) };
            return new ApplianceParts(home, options, tokens, wrapper, store, environment);
        }
        catch (StoreUnavailableException error)
        {
            await tokens.DisposeAsync();
            throw new CommandException(ExitCodes.Environment, error.Message, "'agentpki doctor' checks the database.", error);
        }
        catch (KeyUnavailableException error)
        {
            await tokens.DisposeAsync();
            throw new CommandException(ExitCodes.Environment, $"The token cannot be used: {error.Message}", "Type 'agentpki doctor'.", error);
        }
    }

    /// <summary>Where the store lies.</summary>
    public static SqliteStoreOptions StoreOptionsOf(ApplianceHome home, ApplianceOptions options) =>
        new() { DatabasePath = home.Resolve(options.Database), CheckpointsPath = home.Checkpoints };

    public async ValueTask DisposeAsync()
    {
        foreach (var witness in Environment.Witnesses.OfType<IDisposable>())
        {
            witness.Dispose();
        }

        if (Environment.Alerts is IAsyncDisposable alerts)
        {
            await alerts.DisposeAsync();
        }

        await Store.DisposeAsync();
        await Tokens.DisposeAsync();
    }

    private static AuthorityOptions AuthorityOptionsOf(ApplianceOptions options, KeyPlacement placement, IReadOnlyList<Certificate> relatedAuthorities) => new()
    {
        TrustDomain = options.TrustDomain,
        PublicUrl = options.PublicUrl,
        CheckpointInterval = options.Ledger.CheckpointInterval,
        WitnessInterval = options.Ledger.WitnessInterval,
        KeyPlacement = placement,
        RelatedAnchors = relatedAuthorities,
        WhyNotInTls = TlsPlatform.WhyNotChainTo,
        Acme = options.Acme.Service,
        OAuth = options.OAuth,
        Feed = options.Revocations.Feed,
        UnconfirmedRevocations = options.Limits.UnconfirmedRevocations,
        GrantsPerHour = options.Limits.GrantsPerHour,
        AgentPolicyOid = options.AgentPolicyOid,
        CertificateListValidity = options.Status.CertificateListValidity,
        CertificateLists = options.Status.CertificateLists,
        OcspValidity = options.Status.OcspValidity,
        OcspResponderByName = options.Status.OcspResponderByName,
        AdminRequestLifetime = options.Governance.RequestLifetime,
    };
}
