using AgentPki.Cryptography;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>Raw signatures by keys in a SoftHSM and in an NSS token (which has ML-DSA), through the session pool, by one caller and by two.</summary>
public class TokenSignatureBenchmarks
{
    private const int SignaturesPerInvoke = 64;
    private readonly byte[] _message = new byte[600];
    private BenchToken? _token;
    private ISigningKey? _key;

    /// <summary>Token and algorithm.</summary>
    [Params(
        "softhsm ecdsa-p256", "softhsm ecdsa-p384", "softhsm rsa-3072", "softhsm ed25519",
        "nss ecdsa-p256", "nss ed25519", "nss ml-dsa-44", "nss ml-dsa-65", "nss ml-dsa-87")]
    public string Key { get; set; } = "";

    [Params(1, 2)]
    public int Callers { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        string[] parts = Key.Split(' ');
        _token = await BenchToken.OpenAsync(token: parts[0]);
        KeyAlgorithm algorithm = KeyAlgorithm.Find(parts[1]) ?? throw new InvalidOperationException($"no algorithm {parts[1]}");
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
