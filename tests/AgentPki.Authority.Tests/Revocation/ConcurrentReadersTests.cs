using System.Collections.Concurrent;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Authority.Store;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.CertificateLists;
using AgentPki.X509.Certificates;
using AgentPki.X509.Ocsp;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.Authority.Tests.Revocation;

/// <summary>Invariant 7: after a revocation or a hold has returned, nothing newly served says good, whoever reads meanwhile; over complete and delta CRLs of shards, OCSP, and renewals by the certificate itself.</summary>
public sealed class ConcurrentReadersTests
{
    private const int Agents = 12;
    private const int Shards = 2;
    private const int MostPolls = 24_000;

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
        var renewals = new List<Pkcs10Request>();
        for (var i = 0; i < Agents; i++)
        {
            var (certificate, key) = await authority.AgentAsync($"a{i}.agents.test", credential);
            renewals.Add(await TestAuthority.RequestAsync(key, $"a{i}.agents.test"));
            agents.Add((certificate, (await authority.FindAsync(certificate))!.Certificate.Shard));
        }

        // What is certainly not good, and since which change: written when the change has returned, taken back before a release begins.
        var blocked = new ConcurrentDictionary<int, int>();
        using var stop = new CancellationTokenSource();
        var reads = new int[5];
        // Null: it said nothing either way, and is not counted.
        async Task ReadAsync(int reader, Func<Certificate, int, Task<bool?>> saysGood)
        {
            for (var round = 0; !stop.IsCancellationRequested; round++)
            {
                var index = round % Agents;
                var before = blocked.TryGetValue(index, out var change) ? change : 0;
                var good = await saysGood(agents[index].Certificate, agents[index].Shard);
                if (good is not null && before != 0 && blocked.TryGetValue(index, out var after) && after == before)
                {
                    Assert.False(good.Value, $"agent {index} was revoked by change {before}");
                    Interlocked.Increment(ref reads[reader]);
                }
            }
        }

        Task[] readers =
        [
            Task.Run(() => ReadAsync(0, async (certificate, _) => await AskAsync(authority, certificate))),
            Task.Run(() => ReadAsync(1, async (certificate, _) => await AskAsync(authority, certificate))),
            Task.Run(() => ReadAsync(2, async (certificate, shard) => (await ListAsync(authority, shard, delta: false)).Find(certificate.SerialNumber.Span) is null)),
            // A delta that says nothing is judged with its base, which is the first list: there everybody was good.
            Task.Run(() => ReadAsync(3, async (certificate, shard) => (await ListAsync(authority, shard, delta: true)).Find(certificate.SerialNumber.Span) is null or { Reason: CrlReason.RemoveFromCrl })),
            // Whoever is not good does not get in.
            Task.Run(() => ReadAsync(4, async (certificate, _) => IsLetIn(await authority.EnrollAsync(
                renewals[agents.FindIndex(a => a.Certificate == certificate)], new Requester.AgentCertificate(certificate), kind: EnrollmentKind.Renew)))),
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
        // Each of them, "revoked" in so many words, after the last change.
        var enough = reads.Select(r => r + 5).ToArray();
        for (var polls = 0; polls < MostPolls && reads.Zip(enough).Any(r => r.First < r.Second) && !readers.Any(r => r.IsCompleted); polls++)
        {
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }

        await stop.CancelAsync();
        await Task.WhenAll(readers);
        Assert.All(reads.Zip(enough), r => Assert.True(r.First >= r.Second, $"a reader read {r.First} answers, not {r.Second}"));
    }

    private static bool? IsLetIn(EnrollmentOutcome outcome) => outcome switch
    {
        EnrollmentOutcome.Issued => true,
        EnrollmentOutcome.Rejected { Problem.Kind: PkiProblemKind.Unauthorized } => false,
        var other => throw new InvalidOperationException($"Neither let in nor refused: {other}"),
    };

    private static async Task<bool?> AskAsync(TestAuthority authority, Certificate certificate)
    {
        var answer = await authority.Services.Ocsp.RespondAsync(OcspRequest.Encode([CertId.Create(authority.Ceremony.Issuing, certificate.SerialNumber)]), default);
        return OcspResponse.Parse(answer.Der) switch
        {
            // May be said at any time; it is neither.
            { Status: OcspResponseStatus.TryLater } => null,
            { Data.Responses: [{ Status: OcspCertificateStatus.Good }] } => true,
            { Data.Responses: [{ Status: OcspCertificateStatus.Revoked }] } => false,
            var other => throw new InvalidOperationException($"OCSP said {other.Status}, of a certificate that was issued {other.Data?.Responses[0].Status}."),
        };
    }

    private static Task<CertificateList> ListAsync(TestAuthority authority, int shard, bool delta) => CertificateListTests.CurrentAsync(authority, new CertificateListScope("issuing", shard, delta));
}
