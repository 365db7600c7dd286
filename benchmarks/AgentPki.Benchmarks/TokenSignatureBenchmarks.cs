using AgentPki.Cryptography;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>Raw signatures by keys in a SoftHSM token, through the session pool, by one caller and by two.</summary>
public class TokenSignatureBenchmarks
{
    private const int SignaturesPerInvoke = 64;
    private readonly byte[] _message = new byte[600];
    private BenchToken? _token;
    private ISigningKey? _key;

    [Params("ecdsa-p256", "ecdsa-p384", "rsa-3072", "ed25519")]
    public string Algorithm { get; set; } = "";

    [Params(1, 2)]
    public int Callers { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _token = await BenchToken.OpenAsync();
        KeyAlgorithm algorithm = KeyAlgorithm.Find(Algorithm) ?? throw new InvalidOperationException($"no algorithm {Algorithm}");
        _key = await _token.Provider.GenerateAsync(new KeySpec("bench", algorithm, KeyPurpose.CertificateAuthority), CancellationToken.None);
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        if (_key is not null)
            await _key.DisposeAsync();
        if (_token is not null)
            await _token.DisposeAsync();
    }

    [Benchmark(OperationsPerInvoke = SignaturesPerInvoke)]
    public Task Sign() => Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => SignManyAsync(SignaturesPerInvoke / Callers)));

    private async Task SignManyAsync(int count)
    {
        for (int i = 0; i < count; i++)
            await _key!.SignAsync(_key.Algorithm.DefaultSignature, _message, CancellationToken.None);
    }
}
