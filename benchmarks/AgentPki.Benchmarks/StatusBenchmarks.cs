using System.Security.Cryptography;
using AgentPki.X509.Certificates;
using AgentPki.X509.Lint;
using AgentPki.X509.Ocsp;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>What relying parties ask for, and the linter that every issuance passes.</summary>
public class StatusBenchmarks
{
    private BenchAuthority? _authority;
    private Certificate? _certificate;
    private byte[] _question = [];

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _authority = await BenchAuthority.StartAsync(durable: true);
        _certificate = await _authority.EnrollAsync(await _authority.RequestAsync(), await _authority.CredentialAsync());
        _question = OcspRequest.Encode([Question()]);
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        if (_authority is not null)
            await _authority.DisposeAsync();
    }

    [Benchmark]
    public async Task<int> OcspCached() => (await _authority!.Services.Ocsp.RespondAsync(_question, CancellationToken.None)).Der.Length;

    /// <summary>A nonce (RFC 9654) makes every answer new: signed by the responder's key in the token, linted, verified.</summary>
    [Benchmark]
    public async Task<int> OcspSigned() =>
        (await _authority!.Services.Ocsp.RespondAsync(OcspRequest.Encode([Question()], RandomNumberGenerator.GetBytes(32)), CancellationToken.None)).Der.Length;

    /// <summary>An empty CRL signed anew, durable and in the ledger.</summary>
    [Benchmark]
    public async Task<long> CertificateListAnew() => (await _authority!.Services.CertificateLists.RegenerateAsync("issuing", CancellationToken.None))!.Record.Length;

    /// <summary>All rules over one TBSCertificate, its parsing included.</summary>
    [Benchmark]
    public int Lint() => CertificateLinter.Lint(
        _certificate!.Tbs, new LintContext(CertificatePosition.EndEntity, _authority!.Ceremony.Issuing, TimeSpan.FromDays(400)) { TrustDomain = "agents.example" }).Count;

    private CertId Question() => CertId.Create(_authority!.Ceremony.Issuing, _certificate!.SerialNumber);
}
