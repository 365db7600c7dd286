using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Pkcs11;

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
        Token("softhsm"),
        Token("nss"),
        Token("freehsm"),
        new("token-wrapped", () => KeyAlgorithm.All.Where(a => a.Family is AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa), async () =>
        {
            BenchToken token = await BenchToken.OpenAsync();
            return (await token.WrappedAsync(), token);
        }),
    ];

    public string Name { get; }

    internal static IEnumerable<BenchSubject> Subjects(Func<KeyAlgorithm, bool> wanted) =>
        All.Where(IsAskedFor).SelectMany(provider => provider._algorithms().Where(wanted).Select(algorithm => new BenchSubject(provider, algorithm)));

    // A run of everything takes the better part of an hour.
    private static bool IsAskedFor(BenchProvider provider) =>
        Environment.GetEnvironmentVariable("AGENTPKI_BENCH_PROVIDERS") is not { Length: > 0 } names || names.Split(',').Contains(provider.Name);

    /// <summary>The provider, and what is disposed after it was used.</summary>
    internal Task<(ICryptoProvider Provider, IAsyncDisposable? Owner)> OpenAsync() => _open();

    /// <summary>A token whose module is here; without one it has no rows (<c>hsm-config/NAME/install.sh .tools/NAME</c> unpacks it).</summary>
    private static BenchProvider Token(string name) =>
        new(name, () => BenchToken.IsInstalled(name) ? TokenDescription.Shipped(name).KeyAlgorithms.Where(a => KeyAlgorithm.All.Contains(a)) : [], async () =>
        {
            BenchToken token = await BenchToken.OpenAsync(token: name);
            return (token.Provider, token);
        });

    private static BenchProvider Software(string name, Func<ICryptoProvider> make) =>
        new(name, () => KeyAlgorithm.All.Where(a => make().CapabilitiesFor(a).HasFlag(KeyCapabilities.Generate)), () => Task.FromResult<(ICryptoProvider, IAsyncDisposable?)>((make(), null)));
}

/// <summary>What one row measures: an algorithm by a provider.</summary>
public sealed record BenchSubject(BenchProvider Provider, KeyAlgorithm Algorithm)
{
    public override string ToString() => $"{Provider.Name} {Algorithm}";
}
