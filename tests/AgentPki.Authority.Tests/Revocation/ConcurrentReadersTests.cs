using System.Collections.Concurrent;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>Invariant 7: after a revocation or a hold has returned, nothing newly served says good, whoever reads meanwhile; over complete and delta CRLs of shards and OCSP.</summary>
public sealed class ConcurrentReadersTests
{
    private const int Agents = 12;
    private const int Shards = 2;

    [Fact]
    public Task Revoke_WithConcurrentReaders_NothingReadAfterwardsSaysGood() => RunAsync(60);

    [Fact]
    [Trait("tier", "full")]
    public Task Revoke_ManyTimesWithConcurrentReaders_NothingReadAfterwardsSaysGood() => RunAsync(1500);

    private static async Task RunAsync(int changes)
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with
        {
            CertificateLists = new Dictionary<string, CertificateListSettings> { ["issuing"] = new() { Shards = Shards, DeltaValidity = TimeSpan.FromHours(1) } },
        });
        var credential = await authority.CredentialAsync();
        var agents = new List<(Certificate Certificate, int Shard)>();
        for (var i = 0; i < Agents; i++)
        {
            var (certificate, _) = await authority.AgentAsync($"a{i}.agents.test", credential);
            agents.Add((certificate, (await authority.FindAsync(certificate))!.Certificate.Shard));
        }

        // What is certainly not good, and since which change: written when the change has returned, taken back before a release begins.
        var blocked = new ConcurrentDictionary<int, int>();
        using var stop = new CancellationTokenSource();
        var reads = 0;
        async Task ReadAsync(Func<Certificate, int, Task<bool>> saysGood)
        {
            for (var round = 0; !stop.IsCancellationRequested; round++)
            {
                var index = round % Agents;
                var before = blocked.TryGetValue(index, out var change) ? change : 0;
                var good = await saysGood(agents[index].Certificate, agents[index].Shard);
                if (before != 0 && blocked.TryGetValue(index, out var after) && after == before)
                {
                    Assert.False(good, $"agent {index} was revoked by change {before}");
                    Interlocked.Increment(ref reads);
                }
            }
        }

        Task[] readers =
        [
            Task.Run(() => ReadAsync(async (certificate, _) => await AskAsync(authority, certificate) is OcspCertificateStatus.Good)),
            Task.Run(() => ReadAsync(async (certificate, _) => await AskAsync(authority, certificate) is OcspCertificateStatus.Good)),
            Task.Run(() => ReadAsync(async (certificate, shard) => (await ListAsync(authority, shard, delta: false)).Find(certificate.SerialNumber.Span) is null)),
            // A delta that says nothing is judged with its base, which is the first list: there everybody was good.
            Task.Run(() => ReadAsync(async (certificate, shard) => (await ListAsync(authority, shard, delta: true)).Find(certificate.SerialNumber.Span) is null or { Reason: CrlReason.RemoveFromCrl })),
        ];
        foreach (var shard in Enumerable.Range(1, Shards))
        {
            await ListAsync(authority, shard, delta: false);
        }

        var random = new Random(changes);
        for (var change = 1; change <= changes; change++)
        {
            var index = random.Next(Agents);
            var target = new RevocationTarget.OneCertificate(agents[index].Certificate);
            if (blocked.TryRemove(index, out _))
            {
                RevocationTests.Done(await authority.Services.Revocations.ReleaseAsync(new ReleaseRequest(target, "admin:x", "admin", "c"), default));
            }
            else
            {
                RevocationTests.Done(await RevocationTests.RevokeAsync(authority, target, RevocationReason.CertificateHold));
                blocked[index] = change;
            }

            await Task.Yield();
        }

        foreach (var (certificate, _) in agents.Take(2))
        {
            RevocationTests.Done(await RevocationTests.RevokeAsync(authority, new RevocationTarget.OneCertificate(certificate), RevocationReason.KeyCompromise));
        }

        (blocked[0], blocked[1]) = (changes + 1, changes + 2);
        var enough = Volatile.Read(ref reads) + 20;
        while (Volatile.Read(ref reads) < enough && !readers.Any(r => r.IsCompleted))
        {
            await Task.Delay(5);
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
    }

    private static async Task<OcspCertificateStatus> AskAsync(TestAuthority authority, Certificate certificate)
    {
        var answer = await authority.Services.Ocsp.RespondAsync(OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber)]), default);
        // "Try later" may be said at any time; it is not good.
        return OcspResponse.Parse(answer.Der).Data?.Responses[0].Status ?? new OcspCertificateStatus.Unknown();
    }

    private static Task<CertificateList> ListAsync(TestAuthority authority, int shard, bool delta) => CertificateListTests.CurrentAsync(authority, new CertificateListScope("issuing", shard, delta));
}
