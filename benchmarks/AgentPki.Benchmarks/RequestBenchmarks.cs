using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>Hop 2 and the start of hop 3: a PKCS#10 request parsed, and its proof of possession verified.</summary>
public class RequestBenchmarks
{
    private readonly CryptoProviders _providers = new(new PlatformProvider());
    private byte[] _der = [];

    [Params("ecdsa-p256", "ecdsa-p384", "rsa-3072")]
    public string Key { get; set; } = "";

    [GlobalSetup]
    public async Task SetupAsync()
    {
        KeyAlgorithm algorithm = KeyAlgorithm.Find(Key) ?? throw new InvalidOperationException($"no algorithm {Key}");
        await using ISigningKey key = await new PlatformProvider().GenerateAsync(new KeySpec("bench", algorithm, KeyPurpose.Subject), CancellationToken.None);
        _der = await Pkcs10Request.CreateAsync(X500Name.Create(), [new GeneralName.Uri("spiffe://agents.example/bench/1")], key, CancellationToken.None);
    }

    [Benchmark]
    public Pkcs10Request Parse() => Pkcs10Request.Parse(_der);

    /// <summary>As for every request: a key never seen before.</summary>
    [Benchmark]
    public bool ParseAndVerify() => Pkcs10Request.Parse(_der).VerifySignature(_providers) ? true : throw new InvalidOperationException("the signature is good");
}
