using AgentPki.Cryptography;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>Key generation, encapsulation and decapsulation by every provider that has ML-KEM, one caller.</summary>
public class KeyEncapsulationBenchmarks
{
    private IKeyEncapsulationProvider? _provider;
    private IAsyncDisposable? _owner;
    private IDecapsulationKey? _key;
    private byte[] _ciphertext = [];
    private int _labels;

    public static IEnumerable<BenchSubject> Subjects => BenchProvider.Subjects(a => a.CanEncapsulate);

    [ParamsSource(nameof(Subjects))]
    public BenchSubject? Subject { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var (provider, owner) = await Subject!.Provider.OpenAsync();
        (_provider, _owner) = ((IKeyEncapsulationProvider)provider, owner);
        _key = await GenerateAsync();
        _ciphertext = (await _provider.EncapsulateAsync(_key.PublicKey, CancellationToken.None)).Ciphertext;
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _key!.DisposeAsync();
        if (_owner is { } owner)
        {
            await owner.DisposeAsync();
        }
    }

    [Benchmark]
    public async Task KeyGen()
    {
        await using IDecapsulationKey made = await GenerateAsync();
    }

    [Benchmark]
    public async Task<KeyEncapsulation> Encapsulate() => await _provider!.EncapsulateAsync(_key!.PublicKey, CancellationToken.None);

    [Benchmark]
    public async Task<byte[]> Decapsulate() => await _key!.DecapsulateAsync(_ciphertext, CancellationToken.None);

    private async Task<IDecapsulationKey> GenerateAsync() =>
        await _provider!.GenerateDecapsulationKeyAsync(new KeySpec($"bench-{++_labels}", Subject!.Algorithm, KeyPurpose.Subject), CancellationToken.None);
}
