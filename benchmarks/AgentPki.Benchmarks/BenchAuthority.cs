using AgentPki.Authority;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Storage;
using AgentPki.Testing.Stores;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Benchmarks;

/// <summary>A whole authority without a network: CA keys in a token, default profiles, SQLite or memory behind it.</summary>
internal sealed class BenchAuthority : IAsyncDisposable
{
    private readonly BenchToken _token;
    private readonly SqliteStore? _store;
    private int _agents;

    private BenchAuthority(BenchToken token, SqliteStore? store, CeremonyResult ceremony, AuthorityServices services) =>
        (_token, _store, Ceremony, Services) = (token, store, ceremony, services);

    internal CeremonyResult Ceremony { get; }

    internal AuthorityServices Services { get; }

    internal ICryptoProvider Token => _token.Provider;

    internal SqliteStore? Sqlite => _store;

    internal string Folder => _token.Folder;

    internal CryptoProviders Providers { get; private init; } = new([]);

    /// <param name="issuer">The kind of the issuing CA's key, which the token must have.</param>
    /// <param name="surroundings">Changes what the authority is built from.</param>
    internal static async Task<BenchAuthority> StartAsync(
        bool durable, string tokenName = "softhsm", KeyAlgorithm? issuer = null, Func<AuthorityEnvironment, AuthorityEnvironment>? surroundings = null)
    {
        BenchToken token = await BenchToken.OpenAsync(token: tokenName);
        SqliteStore? sqlite = durable
            ? await SqliteStore.OpenAsync(new SqliteStoreOptions { DatabasePath = Path.Combine(token.Folder, "bench.db") }, TimeProvider.System, NullLogger<SqliteStore>.Instance, CancellationToken.None)
            : null;
        var providers = new CryptoProviders(token.Provider, new PlatformProvider(), new BouncyCastleProvider());
        var environment = new AuthorityEnvironment(
            providers,
            sqlite is null ? AuthorityStores.Of(new InMemoryStore(TimeProvider.System)) : AuthorityStores.Of(sqlite),
            ProfileCatalog.Defaults(),
            new AuthorityOptions { TrustDomain = "agents.example", PublicUrl = "http://pki.example:8080" },
            TimeProvider.System,
            NullLoggerFactory.Instance);
        environment = surroundings?.Invoke(environment) ?? environment;
        CeremonyOptions wanted = CeremonyOptions.Development("", "Bench");
        wanted = issuer is null ? wanted : wanted with { Issuing = wanted.Issuing.With(new KeyKind(issuer, null)) };
        CeremonyResult ceremony = await new DevelopmentCeremony(environment).RunAsync(wanted, CancellationToken.None);
        AuthorityServices services = await AuthorityServices.StartAsync(environment, new KeyReference(token.Provider.Name, CeremonyOptions.CheckpointLabel("")), CancellationToken.None);
        await services.MaintainAsync(CancellationToken.None);
        return new BenchAuthority(token, sqlite, ceremony, services) { Providers = providers };
    }

    internal async Task<Requester.Credential> CredentialAsync(string owner = "bench", string? pattern = null)
    {
        Outcome<CreatedCredential> created = await Services.Credentials.CreateAsync(
            new NewCredential(null, owner, [], pattern, null, TimeSpan.FromDays(1)), "admin:bench", "bench", CancellationToken.None);
        return created is Outcome<CreatedCredential>.Done(var credential)
            ? new Requester.Credential(credential.Credential.Name, credential.Secret)
            : throw new InvalidOperationException("no credential");
    }

    /// <summary>A request of an agent not known yet, for a new P-256 key.</summary>
    internal async Task<Pkcs10Request> RequestAsync()
    {
        await using ISigningKey key = await new PlatformProvider().GenerateAsync(new KeySpec("agent", KeyAlgorithm.EcdsaP256, KeyPurpose.Subject), CancellationToken.None);
        string id = $"spiffe://agents.example/agent/bench-{Interlocked.Increment(ref _agents)}";
        return Pkcs10Request.Parse(await Pkcs10Request.CreateAsync(X500Name.Empty, [new GeneralName.Uri(id)], key, CancellationToken.None));
    }

    internal async Task<Certificate> EnrollAsync(Pkcs10Request request, Requester requester)
    {
        EnrollmentOutcome outcome = await Services.Registration.EnrollAsync(new EnrollmentRequest(request, requester, null, EnrollmentKind.Enroll, "bench", "bench"), CancellationToken.None);
        return outcome is EnrollmentOutcome.Issued issued ? issued.Certificate : throw new InvalidOperationException($"not issued: {outcome}");
    }

    public async ValueTask DisposeAsync()
    {
        await Services.DisposeAsync();
        if (_store is not null)
            await _store.DisposeAsync();
        await _token.DisposeAsync();
    }
}
