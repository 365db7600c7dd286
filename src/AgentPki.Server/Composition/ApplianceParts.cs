using AgentPki.Authority;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;

namespace AgentPki.Server.Composition;

/// <summary>What an authority stands on: the token, the providers in their order, the store. Shared by the service and the ceremony.</summary>
public sealed class ApplianceParts : IAsyncDisposable
{
    private const string WrapperLabel = "wrap";

    private ApplianceParts(ApplianceHome home, ApplianceOptions options, Pkcs11Provider token, Pkcs11KeyWrapper wrapper, SqliteStore store, AuthorityEnvironment environment) =>
        (Home, Options, Token, Wrapper, Store, Environment) = (home, options, token, wrapper, store, environment);

    public ApplianceHome Home { get; }

    public ApplianceOptions Options { get; }

    public Pkcs11Provider Token { get; }

    public Pkcs11KeyWrapper Wrapper { get; }

    public SqliteStore Store { get; }

    public AuthorityEnvironment Environment { get; }

    public CryptoProviders Providers => Environment.Providers;

    public KeyReference CheckpointKey => CeremonyOptions.CheckpointKey(Token.Name, Options.Token.KeyPrefix);

    /// <summary>Opens token and store.</summary>
    /// <exception cref="CommandException">One of them cannot be opened; the message says why and what to do.</exception>
    public static async Task<ApplianceParts> OpenAsync(
        ApplianceHome home, ApplianceOptions options, Pkcs11Options tokenOptions, TimeProvider clock, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var profiles = ProfileFiles.Load(home);
        var token = await TokenAccess.OpenAsync(tokenOptions, clock, loggers, cancellationToken);
        try
        {
            var wrapper = await token.OpenWrapperAsync(options.Token.KeyPrefix + WrapperLabel, cancellationToken);
            var store = await SqliteStore.OpenAsync(StoreOptionsOf(home, options), clock, loggers.CreateLogger<SqliteStore>(), cancellationToken);
            // In order of preference. The token makes and keeps keys; verification needs no hardware and is faster without.
            var providers = new CryptoProviders(token, new PlatformProvider(), new BouncyCastleProvider());
            var environment = new AuthorityEnvironment(providers, AuthorityStores.Of(store), profiles, AuthorityOptionsOf(options), clock, loggers);
            return new ApplianceParts(home, options, token, wrapper, store, environment);
        }
        catch (StoreUnavailableException error)
        {
            await token.DisposeAsync();
            throw new CommandException(ExitCodes.Environment, error.Message, "'agentpki doctor' checks the database.", error);
        }
        catch (KeyUnavailableException error)
        {
            await token.DisposeAsync();
            throw new CommandException(ExitCodes.Environment, $"The token cannot be used: {error.Message}", "Type 'agentpki doctor'.", error);
        }
    }

    /// <summary>Where the store lies.</summary>
    public static SqliteStoreOptions StoreOptionsOf(ApplianceHome home, ApplianceOptions options) =>
        new() { DatabasePath = home.Resolve(options.Database), CheckpointsPath = home.Checkpoints };

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await Token.DisposeAsync();
    }

    private static AuthorityOptions AuthorityOptionsOf(ApplianceOptions options) => new()
    {
        TrustDomain = options.TrustDomain,
        PublicUrl = options.PublicUrl,
        CheckpointInterval = options.Ledger.CheckpointInterval,
    };
}
