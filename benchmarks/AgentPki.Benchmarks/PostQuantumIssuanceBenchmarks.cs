using AgentPki.Authority.Enrollment;
using AgentPki.Cryptography;
using AgentPki.X509.Requests;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>
/// Whole durable issuances by an ML-DSA CA whose key lies in a token, beside their floor: the token's signature and the two verifications that must
/// be (the request's, and the issued certificate's before its release), and nothing else.
/// </summary>
public class PostQuantumIssuanceBenchmarks
{
    private const int IssuancesPerInvoke = 128;
    private BenchAuthority? _authority;
    private Requester.Credential? _credential;
    private Pkcs10Request[] _requests = [];
    private ISigningKey? _floorKey;
    private byte[] _toBeSigned = [];
    private int _next;

    /// <summary>Token and the issuing CA's algorithm.</summary>
    [Params("nss ml-dsa-44", "nss ml-dsa-65", "nss ml-dsa-87")]
    public string Issuer { get; set; } = "";

    [Params(1, 32)]
    public int Concurrency { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        string[] parts = Issuer.Split(' ');
        KeyAlgorithm algorithm = KeyAlgorithm.Find(parts[1]) ?? throw new InvalidOperationException($"no algorithm {parts[1]}");
        _authority = await BenchAuthority.StartAsync(durable: true, parts[0], algorithm);
        _credential = await _authority.CredentialAsync();
        _requests = await Task.WhenAll(Enumerable.Range(0, 2048).Select(_ => _authority.RequestAsync()));
        _floorKey = await _authority.Token.GenerateAsync(new KeySpec("floor", algorithm, KeyPurpose.CertificateAuthority), CancellationToken.None);
        _toBeSigned = (await _authority.EnrollAsync(_requests[0], _credential)).Tbs.ToArray();
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        if (_floorKey is not null)
            await _floorKey.DisposeAsync();
        if (_authority is not null)
            await _authority.DisposeAsync();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = IssuancesPerInvoke)]
    public Task Floor() => ManyAsync(async request =>
    {
        SignatureAlgorithm signature = _floorKey!.Algorithm.DefaultSignature;
        CryptoProviders providers = _authority!.Providers;
        byte[] signed = await _floorKey.SignAsync(signature, _toBeSigned, CancellationToken.None);
        if (!request.VerifySignature(providers) || !providers.Verify(_floorKey.PublicKey, signature, _toBeSigned, signed))
            throw new InvalidOperationException("a signature does not verify");
    });

    [Benchmark(OperationsPerInvoke = IssuancesPerInvoke)]
    public Task Enroll() => ManyAsync(request => _authority!.EnrollAsync(request, _credential!));

    private Task ManyAsync(Func<Pkcs10Request, Task> work) => Task.WhenAll(Enumerable.Range(0, Concurrency).Select(_ => Task.Run(async () =>
    {
        // Fresh parses, as from the wire: nothing remembered in a key object from the last round.
        for (int i = 0; i < IssuancesPerInvoke / Concurrency; i++)
            await work(Pkcs10Request.Parse(_requests[(uint)Interlocked.Increment(ref _next) % _requests.Length].Der));
    })));
}
