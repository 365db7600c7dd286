using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;

namespace AgentPki.Benchmarks;

/// <summary>One provider of the algorithm benchmarks: which algorithms it has here, and how it is opened. Adding a token is one line in <see cref="All"/>.</summary>
public sealed class BenchProvider
{
    private readonly Func<Task<(ICryptoProvider Provider, IAsyncDisposable? Owner)>> _open;
    private readonly Func<IEnumerable<KeyAlgorithm>> _algorithms;

    private BenchProvider(string name, Func<IEnumerable<KeyAlgorithm>> algorithms, Func<Task<(ICryptoProvider Provider, IAsyncDisposable? Owner)>> open) =>
        (Name, _algorithms, _open) = (name, algorithms, open);

    internal static IReadOnlyList<BenchProvider> All { get; } =
    [
        Software("platform", () => new PlatformProvider()),
        Software("bouncycastle", () => new BouncyCastleProvider()),
        Software("composite", () => new CompositeProvider(new PlatformProvider(), new BouncyCastleProvider())),
        new("softhsm", () => [KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Rsa3072, KeyAlgorithm.Ed25519], async () =>
        {
            BenchToken token = await BenchToken.OpenAsync();
            return (token.Provider, token);
        }),
    ];

    public string Name { get; }

    internal static IEnumerable<BenchSubject> Subjects(Func<KeyAlgorithm, bool> wanted) =>
        All.SelectMany(provider => provider._algorithms().Where(wanted).Select(algorithm => new BenchSubject(provider, algorithm)));

    /// <summary>The provider, and what is disposed after it was used.</summary>
    internal Task<(ICryptoProvider Provider, IAsyncDisposable? Owner)> OpenAsync() => _open();

    private static BenchProvider Software(string name, Func<ICryptoProvider> make) =>
        new(name, () => KeyAlgorithm.All.Where(a => make().CapabilitiesFor(a).HasFlag(KeyCapabilities.Generate)), () => Task.FromResult<(ICryptoProvider, IAsyncDisposable?)>((make(), null)));
}

/// <summary>What one row measures: an algorithm by a provider.</summary>
public sealed record BenchSubject(BenchProvider Provider, KeyAlgorithm Algorithm)
{
    public override string ToString() => $"{Provider.Name} {Algorithm}";
}
