using AgentPki.Testing.Stores;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>A complete CRL from the first entry read to the record committed: written, linted, signed in the token, read back, verified, on disk. The entries are made up, the rest is what the appliance does.</summary>
[MemoryDiagnoser]
public class CertificateListBenchmarks
{
    private BenchAuthority? _authority;

    [Params(10_000, 100_000, 1_000_000)]
    public int Revoked { get; set; }

    [GlobalSetup]
    public async Task SetupAsync() =>
        _authority = await BenchAuthority.StartAsync(durable: true, surroundings: e => e with { Stores = e.Stores with { CertificateLists = new ManyRevoked(e.Stores.CertificateLists, Revoked) } });

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        if (_authority is not null)
            await _authority.DisposeAsync();
    }

    [Benchmark]
    public async Task<long> Build() => (await _authority!.Services.CertificateLists.RegenerateAsync("issuing", CancellationToken.None))!.Record.Length;
}
