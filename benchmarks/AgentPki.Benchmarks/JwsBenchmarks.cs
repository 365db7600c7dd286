using System.Buffers.Text;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Protocols.Acme.Nonces;
using AgentPki.Cryptography.Jose;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>What every ACME request costs before its handler sees it, about six times a certificate: a nonce, a JWS read, its signature verified.</summary>
[MemoryDiagnoser]
public class JwsBenchmarks
{
    private const string Url = "https://ca.example:8443/acme/order/AAAAAAAAAAAAAAAAAAAAAA/finalize";

    private readonly CryptoProviders _providers = new(new PlatformProvider(), new BouncyCastleProvider());
    private readonly AcmeNonces _nonces = new(new AcmeNonceOptions(), TimeProvider.System);
    private byte[] _named = [];
    private byte[] _carried = [];
    private PublicKey? _key;

    [Params("ES256", "ES384", "RS256", "EdDSA", "ML-DSA-44", "ML-DSA-65")]
    public string Algorithm { get; set; } = "";

    [GlobalSetup]
    public async Task SetupAsync()
    {
        JwsAlgorithm algorithm = JwsAlgorithm.Find(Encoding.ASCII.GetBytes(Algorithm)) ?? throw new InvalidOperationException($"no algorithm {Algorithm}");
        KeyAlgorithm kind = KeyAlgorithm.All.First(algorithm.Fits);
        ICryptoProvider provider = _providers.For(kind, KeyCapabilities.Generate | KeyCapabilities.Sign) ?? throw new InvalidOperationException($"no provider of {kind}");
        await using ISigningKey key = await provider.GenerateAsync(new KeySpec("bench", kind, KeyPurpose.Subject), CancellationToken.None);
        _key = key.PublicKey;
        _named = await MakeAsync(key, algorithm, $"\"kid\":\"https://ca.example:8443/acme/account/AAAAAAAAAAAAAAAAAAAAAA\"");
        _carried = await MakeAsync(key, algorithm, $"\"jwk\":{Encoding.ASCII.GetString(Jwk.Of(_key).ToCanonicalJson())}");
    }

    /// <summary>A request of an account, as all but the first are.</summary>
    [Benchmark]
    public FlattenedJws Parse() => Read(_named);

    /// <summary>With the account's key at hand.</summary>
    [Benchmark(Baseline = true)]
    public bool ParseAndVerify() => Read(_named).Verify(_key!, _providers);

    /// <summary>A newAccount: the key is in the header, and seen for the first time.</summary>
    [Benchmark]
    public bool ParseKeyAndVerify()
    {
        FlattenedJws jws = Read(_carried);
        return jws.Verify(jws.Jwk!.Key, _providers);
    }

    /// <summary>The thumbprint behind every challenge, of a key that was just read.</summary>
    [Benchmark]
    public string Thumbprint() => Jwk.Of(_key!).Thumbprint();

    [Benchmark]
    public NonceVerdict NonceMadeAndRedeemed() => _nonces.TryRedeem(_nonces.Create());

    private static FlattenedJws Read(byte[] octets) =>
        FlattenedJws.TryParse(octets, JwsUse.Signature, out FlattenedJws? jws, out JoseError? error) ? jws : throw new InvalidOperationException(error.Text);

    // The payload is a finalize: a P-256 request of 400 octets.
    private static async Task<byte[]> MakeAsync(ISigningKey key, JwsAlgorithm algorithm, string naming)
    {
        string header = Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"alg":"{{algorithm}}","nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","url":"{{Url}}",{{naming}}}"""));
        string payload = Base64Url.EncodeToString(Encoding.ASCII.GetBytes($$"""{"csr":"{{Base64Url.EncodeToString(new byte[400])}}"}"""));
        byte[] signature = await key.SignAsync(key.Algorithm.DefaultSignature, Encoding.ASCII.GetBytes($"{header}.{payload}"), CancellationToken.None);
        if (key.Algorithm.Family == AlgorithmFamily.Ecdsa)
        {
            var pair = new byte[key.Algorithm.SizeBits / 4];
            signature = EcdsaSignatureValue.TryToConcatenation(signature, pair) ? pair : throw new InvalidOperationException("no ECDSA signature");
        }

        return Encoding.ASCII.GetBytes($$"""{"protected":"{{header}}","payload":"{{payload}}","signature":"{{Base64Url.EncodeToString(signature)}}"}""");
    }
}
