using AgentPki.Authority;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Testing.Stores;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Testing.Fixtures;

/// <summary>A whole authority in memory: store, software keys, default profiles, a ceremony behind it, and a clock that tests move.</summary>
public sealed class TestAuthority : IAsyncDisposable
{
    public const string TrustDomain = "agents.test";

    private static readonly ICryptoProvider[] Halves = [new PlatformProvider(), new BouncyCastleProvider()];

    private static readonly CryptoProviders Requesters = new([.. Halves, new CompositeProvider(Halves)]);

    private TestAuthority(InMemoryStore store, HookedProvider keys, AuthorityEnvironment environment, SettableTimeProvider time, CeremonyResult ceremony, AuthorityServices services) =>
        (Store, Keys, Environment, Time, Ceremony, Services) = (store, keys, environment, time, ceremony, services);

    public InMemoryStore Store { get; }

    /// <summary>The provider that holds every key of the appliance.</summary>
    public HookedProvider Keys { get; }

    public AuthorityEnvironment Environment { get; private set; }

    public SettableTimeProvider Time { get; }

    public CeremonyResult Ceremony { get; }

    public AuthorityServices Services { get; private set; }

    public CryptoProviders Providers => Environment.Providers;

    public static AuthorityOptions DefaultOptions { get; } = new() { TrustDomain = TrustDomain, PublicUrl = "http://pki.test:8080", KeyPlacement = KeyPlacement.AllowSoftware };

    /// <summary>Holds a ceremony and starts.</summary>
    /// <param name="profiles">Null: the default profiles.</param>
    /// <param name="ceremony">Changes the ceremony's options, for other algorithms.</param>
    /// <param name="surroundings">Changes what the authority is built from: challenge validators, a key wrapper.</param>
    public static async Task<TestAuthority> StartAsync(
        AuthorityOptions? options = null, ProfileCatalog? profiles = null, Func<CeremonyOptions, CeremonyOptions>? ceremony = null, Func<AuthorityEnvironment, AuthorityEnvironment>? surroundings = null)
    {
        var time = new SettableTimeProvider(new DateTimeOffset(2027, 3, 1, 12, 0, 0, TimeSpan.Zero));
        var store = new InMemoryStore(time);
        var keys = new HookedProvider(new PlatformProvider());
        var environment = new AuthorityEnvironment(
            new CryptoProviders(keys, new BouncyCastleProvider(), new CompositeProvider(new PlatformProvider(), new BouncyCastleProvider())), AuthorityStores.Of(store), profiles ?? ProfileCatalog.Defaults(), options ?? DefaultOptions, time, NullLoggerFactory.Instance)
        {
            CertificateListFolder = Directory.CreateTempSubdirectory("agentpki-test-crl-").FullName,
        };
        environment = surroundings?.Invoke(environment) ?? environment;
        var wanted = CeremonyOptions.Development("t-", "Test");
        var result = await new DevelopmentCeremony(environment).RunAsync(ceremony?.Invoke(wanted) ?? wanted, CancellationToken.None);
        return new TestAuthority(store, keys, environment, time, result, await StartServicesAsync(environment, keys.Name));
    }

    /// <summary>Stops and starts again on what is stored.</summary>
    /// <param name="options">Null: those of before.</param>
    public async Task RestartAsync(AuthorityOptions? options = null)
    {
        await Services.DisposeAsync();
        Environment = Environment with { Options = options ?? Environment.Options };
        Services = await StartServicesAsync(Environment, Keys.Name);
    }

    /// <summary>A credential and its secret as a requester presents them.</summary>
    public async Task<Requester.Credential> CredentialAsync(string? name = null, string owner = "team-a", int? maxUses = null, string? pattern = null, TimeSpan? lifetime = null, params string[] profiles)
    {
        var created = await Services.Credentials.CreateAsync(new NewCredential(name, owner, profiles, pattern, maxUses, lifetime ?? TimeSpan.FromDays(1)), "admin:test", "test", CancellationToken.None);
        var done = (Outcome<CreatedCredential>.Done)created;
        return new Requester.Credential(done.Value.Credential.Name, done.Value.Secret);
    }

    /// <summary>A key of a requester.</summary>
    public static async Task<ISigningKey> KeyAsync(KeyAlgorithm? algorithm = null)
    {
        algorithm ??= KeyAlgorithm.EcdsaP256;
        var provider = Requesters.For(algorithm, KeyCapabilities.Generate | KeyCapabilities.Sign) ?? throw new NotSupportedException($"Nothing here makes {algorithm} keys.");
        return await provider.GenerateAsync(new KeySpec("requester", algorithm, KeyPurpose.Subject), CancellationToken.None);
    }

    /// <summary>A key of a requester for receiving secrets.</summary>
    public static async Task<IDecapsulationKey> DecapsulationKeyAsync(KeyAlgorithm? algorithm = null)
    {
        algorithm ??= KeyAlgorithm.MlKem768;
        var provider = Requesters.ForEncapsulation(algorithm, KeyCapabilities.Generate) ?? throw new NotSupportedException($"Nothing here makes {algorithm} keys.");
        return await provider.GenerateDecapsulationKeyAsync(new KeySpec("requester", algorithm, KeyPurpose.Subject), CancellationToken.None);
    }

    /// <summary>A request for a key that cannot sign, signed with the key of a certificate that it names (RFC 9883).</summary>
    public static async Task<Pkcs10Request> StatedRequestAsync(PublicKey key, string commonName, Certificate signer, ISigningKey signerKey, Pkcs10Options? options = null) =>
        Pkcs10Request.Parse(await Pkcs10Request.CreateAsync(
            X500Name.Create((Oids.CommonName, commonName)), [new GeneralName.Dns(commonName)], key, signerKey, (options ?? new Pkcs10Options()) with { PossessionBy = signer }, CancellationToken.None));

    /// <summary>A request with a common name and the DNS name of the same text, unless told otherwise.</summary>
    public static async Task<Pkcs10Request> RequestAsync(ISigningKey key, string commonName, IEnumerable<GeneralName>? names = null, Pkcs10Options? options = null) =>
        Pkcs10Request.Parse(await Pkcs10Request.CreateAsync(
            commonName.Length == 0 ? X500Name.Empty : X500Name.Create((Oids.CommonName, commonName)), names ?? [new GeneralName.Dns(commonName)], key, options ?? new Pkcs10Options(), CancellationToken.None));

    public ValueTask<EnrollmentOutcome> EnrollAsync(Pkcs10Request csr, Requester requester, string? label = null, EnrollmentKind kind = EnrollmentKind.Enroll, CancellationToken cancellationToken = default) =>
        Services.Registration.EnrollAsync(new EnrollmentRequest(csr, requester, label, kind, "test", $"c-{Interlocked.Increment(ref _correlation)}"), cancellationToken);

    /// <summary>Enrols an agent that must get its certificate.</summary>
    public async Task<(Certificate Certificate, ISigningKey Key)> AgentAsync(string commonName, Requester? requester = null, string? label = null, KeyAlgorithm? algorithm = null)
    {
        var key = await KeyAsync(algorithm);
        var outcome = await EnrollAsync(await RequestAsync(key, commonName), requester ?? await CredentialAsync(), label);
        return outcome is EnrollmentOutcome.Issued issued ? (issued.Certificate, key) : throw new InvalidOperationException($"Not issued: {outcome}");
    }

    /// <summary>Ends in order: the hooks of a test are over before the last checkpoint is signed.</summary>
    public async ValueTask DisposeAsync()
    {
        (Keys.BeforeSign, Keys.AfterSign) = (null, null);
        await Services.DisposeAsync();
        if (Environment.CertificateListFolder is { } lists)
        {
            Directory.Delete(lists, recursive: true);
        }
    }

    private int _correlation;

    private static ValueTask<AuthorityServices> StartServicesAsync(AuthorityEnvironment environment, string keyProvider) =>
        AuthorityServices.StartAsync(environment, new KeyReference(keyProvider, CeremonyOptions.CheckpointLabel("t-")), CancellationToken.None);
}
