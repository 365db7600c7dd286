using AgentPki.Authority.Enrollment;
using AgentPki.X509.Requests;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>
/// Whole issuances without the network: from a parsed request to a certificate that is durable and in the ledger. The requests are made before and used
/// in turn, so that an agent renews its own key after the first round.
/// </summary>
public class IssuanceBenchmarks
{
    private const int IssuancesPerInvoke = 256;
    private BenchAuthority? _authority;
    private Requester.Credential? _credential;
    private Pkcs10Request[] _requests = [];
    private int _next;

    [Params("sqlite", "memory")]
    public string Store { get; set; } = "";

    [Params(1, 32)]
    public int Concurrency { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _authority = await BenchAuthority.StartAsync(durable: Store == "sqlite");
        _credential = await _authority.CredentialAsync();
        _requests = await Task.WhenAll(Enumerable.Range(0, 2048).Select(_ => _authority.RequestAsync()));
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        if (_authority is not null)
            await _authority.DisposeAsync();
    }

    [Benchmark(OperationsPerInvoke = IssuancesPerInvoke)]
    public Task Enroll() => Task.WhenAll(Enumerable.Range(0, Concurrency).Select(_ => Task.Run(() => EnrollManyAsync(IssuancesPerInvoke / Concurrency))));

    private async Task EnrollManyAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            // Fresh parses, as from the wire: nothing remembered in a key object from the last round.
            Pkcs10Request request = Pkcs10Request.Parse(_requests[(uint)Interlocked.Increment(ref _next) % _requests.Length].Der);
            await _authority!.EnrollAsync(request, _credential!);
        }
    }
}
