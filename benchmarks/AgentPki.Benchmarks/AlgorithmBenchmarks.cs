using AgentPki.Cryptography;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>Key generation, signature and verification of every algorithm by every provider that has it, one caller, a message as long as a small certificate.</summary>
public class AlgorithmBenchmarks
{
    private readonly byte[] _message = new byte[600];
    private (ICryptoProvider Provider, IAsyncDisposable? Owner) _opened;
    private ISigningKey? _key;
    private byte[] _signature = [];
    private int _labels;

    public static IEnumerable<BenchSubject> Subjects => BenchProvider.Subjects(a => a.CanSign);

    [ParamsSource(nameof(Subjects))]
    public BenchSubject? Subject { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _opened = await Subject!.Provider.OpenAsync();
        _key = await GenerateAsync();
        _signature = await _key.SignAsync(_key.Algorithm.DefaultSignature, _message, CancellationToken.None);
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _key!.DisposeAsync();
        if (_opened.Owner is { } owner)
        {
            await owner.DisposeAsync();
        }
    }

    [Benchmark]
    public async Task KeyGen()
    {
        await using ISigningKey made = await GenerateAsync();
    }

    [Benchmark]
    public async Task<byte[]> Sign() => await _key!.SignAsync(_key.Algorithm.DefaultSignature, _message, CancellationToken.None);

    /// <summary>With a key that was seen before, as a CA's is.</summary>
    [Benchmark]
    public bool Verify() => _opened.Provider.Verify(_key!.PublicKey, _key.Algorithm.DefaultSignature, _message, _signature);

    private async Task<ISigningKey> GenerateAsync() =>
        await _opened.Provider.GenerateAsync(new KeySpec($"bench-{++_labels}", Subject!.Algorithm, KeyPurpose.Subject), CancellationToken.None);
}
