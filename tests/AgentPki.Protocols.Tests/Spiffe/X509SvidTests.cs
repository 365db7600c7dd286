using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Agents;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Protocols.Spiffe;
using AgentPki.Protocols.Spiffe.Wire;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Certificates;
using AgentPki.X509.CertificateLists;
using Grpc.Core;

namespace AgentPki.Protocols.Tests.Spiffe;

/// <summary>FetchX509SVID and FetchX509Bundles over a real Unix socket, with a stock gRPC client.</summary>
public sealed class X509SvidTests
{
    private const string Id = $"spiffe://{TestAuthority.TrustDomain}/agent/test";

    [Fact]
    public async Task FetchX509SVID_RegisteredProcess_GetsAnSvidThatVerifiesAndItsKey()
    {
        await using var server = await WorkloadServer.StartAsync(entries: WorkloadServer.Entry(hint: "internal"));
        using var call = server.Svids();

        var response = await server.NextAsync(call);

        var svid = Assert.Single(response.Svids);
        Assert.Equal((Id, "internal"), (svid.SpiffeId, svid.Hint));
        var chain = Split(svid.X509Svid.ToByteArray());
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(svid.X509SvidKey.Span, out var read);
        Assert.Equal(svid.X509SvidKey.Length, read);
        Assert.True(chain[0].GetECDsaPublicKey()!.VerifyData("x"u8.ToArray(), key.SignData("x"u8.ToArray(), HashAlgorithmName.SHA256), HashAlgorithmName.SHA256));
        Assert.True(Verifies(chain, Split(svid.Bundle.ToByteArray()), server.Authority.Time.GetUtcNow()));
        var names = Certificate.Parse(chain[0].RawData).SubjectAlternativeNames.Select(n => n.ToString()).ToList();
        Assert.Contains(names, n => n!.Contains(Id, StringComparison.Ordinal));
        Assert.Contains(names, n => n!.Contains("test.example", StringComparison.Ordinal));
        Assert.NotEmpty(response.Crl);
        Assert.All(response.Crl, crl => CertificateList.Parse(crl.ToByteArray()));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_RegisteredProcess_IsInTheLedgerUnderItsEntryBeforeItIsHandedOut()
    {
        await using var server = await WorkloadServer.StartAsync();
        using var call = server.Svids();

        var svid = Assert.Single((await server.NextAsync(call)).Svids);

        var serial = Certificate.Parse(Split(svid.X509Svid.ToByteArray())[0].RawData).SerialHex;
        var records = await server.Authority.Services.Stores.Ledger.SearchAsync(new AgentPki.Ledger.Search.LedgerQuery { Kind = LedgerEntryKind.CertificateIssued, Actor = "entry:test" }, 0, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Contains(records, r => r.Details!.Facts[AuditDetails.Serial] == serial);
        var agent = await server.Authority.Services.Stores.Agents.FindAsync(Id, TestContext.Current.CancellationToken);
        Assert.Equal(("team-a", AgentState.Active), (agent!.Owner, agent.State));
    }

    [Fact]
    public async Task FetchX509SVID_WithoutTheHeader_InvalidArgument()
    {
        await using var server = await WorkloadServer.StartAsync();
        using var call = server.Client().FetchX509SVID(new X509SVIDRequest(), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(StatusCode.InvalidArgument, (await server.EndAsync(call)).StatusCode);
    }

    [Theory]
    [Trait("tier", "full")]
    [InlineData("unix:uid:4294967294")]
    [InlineData("unix:path:/usr/bin/true")]
    [InlineData("unix:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("systemd:unit:nobody.service")]
    public async Task FetchX509SVID_OneSelectorIsNotTrue_PermissionDenied(string selector)
    {
        await using var server = await WorkloadServer.StartAsync(entries: WorkloadServer.Entry(selectors: [WorkloadServer.OwnUser, selector]));
        using var call = server.Svids();

        Assert.Equal(StatusCode.PermissionDenied, (await server.EndAsync(call)).StatusCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_PathAndDigestOfThisProgram_GetsTheSvid()
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync("/proc/self/exe", TestContext.Current.CancellationToken)));
        await using var server = await WorkloadServer.StartAsync(entries: WorkloadServer.Entry(selectors: [WorkloadServer.OwnUser, $"unix:path:{new FileInfo("/proc/self/exe").LinkTarget}", $"unix:sha256:{digest}"]));
        using var call = server.Svids();

        Assert.Equal(Id, Assert.Single((await server.NextAsync(call)).Svids).SpiffeId);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_AnotherOwnersAgent_PermissionDenied()
    {
        await using var server = await WorkloadServer.StartAsync();
        await server.Authority.AgentAsync("test", await server.Authority.CredentialAsync(owner: "team-b"));
        using var call = server.Svids();

        Assert.Equal(StatusCode.PermissionDenied, (await server.EndAsync(call)).StatusCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_HalfOfItsLife_AnotherKeyAndCertificate()
    {
        await using var server = await WorkloadServer.StartAsync(entries: WorkloadServer.Entry(lifetime: TimeSpan.FromMinutes(10)));
        using var call = server.Svids();
        var first = Assert.Single((await server.NextAsync(call)).Svids);
        var begun = server.Authority.Time.GetUtcNow();

        // CRLs may be renewed meanwhile, and are said with the same SVID.
        var second = await NextSvidAsync(server, call, first);

        var passed = server.Authority.Time.GetUtcNow() - begun;
        Assert.InRange(passed, TimeSpan.FromMinutes(4.9), TimeSpan.FromMinutes(6));
        Assert.NotEqual(first.X509SvidKey, second.X509SvidKey);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_SvidRevoked_AnotherOneAndTheListWithTheOld()
    {
        await using var server = await WorkloadServer.StartAsync();
        using var call = server.Svids();
        var first = Assert.Single((await server.NextAsync(call)).Svids);
        var revoked = Certificate.Parse(Split(first.X509Svid.ToByteArray())[0].RawData);

        var begun = server.Authority.Time.GetUtcNow();
        await RevokeAsync(server, new RevocationTarget.OneCertificate(revoked));
        var response = await server.NextAsync(call);

        Assert.InRange(server.Authority.Time.GetUtcNow() - begun, TimeSpan.Zero, TimeSpan.FromMinutes(2)); // the clock runs while the machine works; not its half-life
        Assert.NotEqual(first.X509Svid, Assert.Single(response.Svids).X509Svid);
        Assert.Contains(response.Crl, crl => CertificateList.Parse(crl.ToByteArray()).Entries.Any(e => e.SerialNumber.Span.SequenceEqual(revoked.SerialNumber.Span)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task FetchX509SVID_AgentRevokedOrSuspended_StreamEndsDeniedAndNothingMoreIsGiven(bool revoke)
    {
        await using var server = await WorkloadServer.StartAsync();
        var client = server.Client();
        using var call = server.Svids(client);
        await server.NextAsync(call);

        if (revoke)
        {
            await RevokeAsync(server, new RevocationTarget.Agent(Id));
        }
        else
        {
            await server.Authority.Services.Agents.SetStateAsync(Id, AgentState.Suspended, "admin:test", "c", TestContext.Current.CancellationToken);
        }

        Assert.Equal(StatusCode.PermissionDenied, (await server.EndAsync(call)).StatusCode);
        using var again = server.Svids(client);
        Assert.Equal(StatusCode.PermissionDenied, (await server.EndAsync(again)).StatusCode);
        using var bundles = client.FetchX509Bundles(new X509BundlesRequest(), WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(StatusCode.PermissionDenied, (await server.EndAsync(bundles)).StatusCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_DeniedAgainAndAgain_OneEntryInTheLedger()
    {
        await using var server = await WorkloadServer.StartAsync();
        var client = server.Client();
        using (var call = server.Svids(client))
        {
            await server.NextAsync(call);
        }

        await server.Authority.Services.Agents.SetStateAsync(Id, AgentState.Suspended, "admin:test", "c", TestContext.Current.CancellationToken);
        for (var i = 0; i < 5; i++)
        {
            using var call = server.Client().FetchX509SVID(new X509SVIDRequest(), WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);
            await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        }

        Assert.Single(await server.Authority.Services.Stores.Ledger.SearchAsync(new AgentPki.Ledger.Search.LedgerQuery { Kind = LedgerEntryKind.EnrollmentRefused, Actor = "entry:test" }, 0, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_EntryTakenAway_StreamEndsDenied()
    {
        await using var server = await WorkloadServer.StartAsync();
        using var call = server.Svids();
        await server.NextAsync(call);

        await server.SetEntriesAsync(WorkloadServer.Entry(selectors: "unix:uid:4294967294"));

        Assert.Equal(StatusCode.PermissionDenied, (await server.EndAsync(call)).StatusCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_TwoStreamsOfOneEntryAndASecondEntry_OneSvidForEach()
    {
        await using var server = await WorkloadServer.StartAsync(entries: [WorkloadServer.Entry(), WorkloadServer.Entry("other", "/agent/other")]);
        using var first = server.Svids();
        using var second = server.Svids();

        var (one, two) = (await server.NextAsync(first), await server.NextAsync(second));

        Assert.Equal([Id, $"spiffe://{TestAuthority.TrustDomain}/agent/other"], one.Svids.Select(s => s.SpiffeId));
        Assert.Equal(one.Svids.Select(s => s.X509Svid), two.Svids.Select(s => s.X509Svid));
        Assert.NotEqual(one.Svids[0].X509SvidKey, one.Svids[1].X509SvidKey);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_TokenAway_UnavailableAtFirstAndTheStreamGoesOnLater()
    {
        await using var server = await WorkloadServer.StartAsync(entries: WorkloadServer.Entry(lifetime: TimeSpan.FromMinutes(10)));
        server.Authority.Keys.BeforeSign = _ => throw new KeyUnavailableException("away", TimeSpan.FromSeconds(1));
        using (var refused = server.Svids())
        {
            Assert.Equal(StatusCode.Unavailable, (await server.EndAsync(refused)).StatusCode);
        }

        server.Authority.Keys.BeforeSign = null;
        await server.PassAsync(TimeSpan.FromSeconds(10));
        using var call = server.Svids();
        var first = Assert.Single((await server.NextAsync(call)).Svids);
        server.Authority.Keys.BeforeSign = _ => throw new KeyUnavailableException("away", TimeSpan.FromSeconds(1));
        await server.PassAsync(TimeSpan.FromMinutes(6));
        server.Authority.Keys.BeforeSign = null;

        Assert.NotEqual(first.X509Svid, (await NextSvidAsync(server, call, first)).X509Svid);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509SVID_MoreCallsThanAllowed_ResourceExhausted()
    {
        await using var server = await WorkloadServer.StartAsync(new SpiffeOptions { CallsPerUser = 1 });
        var client = server.Client();
        using var first = server.Svids(client);
        await server.NextAsync(first);
        using var second = server.Svids(client);

        Assert.Equal(StatusCode.ResourceExhausted, (await server.EndAsync(second)).StatusCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task FetchX509Bundles_RegisteredProcess_GetsTheRootsByTrustDomain()
    {
        await using var server = await WorkloadServer.StartAsync();
        using var call = server.Client().FetchX509Bundles(new X509BundlesRequest(), WorkloadServer.Header, cancellationToken: TestContext.Current.CancellationToken);

        var response = await server.NextAsync(call);

        var bundle = Assert.Single(response.Bundles);
        Assert.Equal($"spiffe://{TestAuthority.TrustDomain}", bundle.Key);
        Assert.All(Split(bundle.Value.ToByteArray()), c => Assert.Equal(c.Subject, c.Issuer));
        Assert.NotEmpty(response.Crl);
    }

    internal static async Task<X509SVID> NextSvidAsync(WorkloadServer server, AsyncServerStreamingCall<X509SVIDResponse> call, X509SVID before)
    {
        while (true)
        {
            var svid = Assert.Single((await server.NextAsync(call)).Svids);
            if (svid.X509Svid != before.X509Svid)
            {
                return svid;
            }
        }
    }

    private static async Task RevokeAsync(WorkloadServer server, RevocationTarget target) =>
        Assert.IsType<Authority.Problems.Outcome<RevocationResult>.Done>(await server.Authority.Services.Revocations.RevokeAsync(
            new RevocationRequest(target, RevocationReason.KeyCompromise, "admin:test", "test", "c"), TestContext.Current.CancellationToken));

    internal static bool Verifies(IReadOnlyList<X509Certificate2> svid, IReadOnlyList<X509Certificate2> bundle, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(bundle.ToArray());
        chain.ChainPolicy.ExtraStore.AddRange(svid.Skip(1).ToArray());
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        return chain.Build(svid[0]);
    }

    internal static List<X509Certificate2> Split(ReadOnlySpan<byte> der)
    {
        var all = new List<X509Certificate2>();
        while (!der.IsEmpty)
        {
            System.Formats.Asn1.AsnDecoder.ReadSequence(der, System.Formats.Asn1.AsnEncodingRules.DER, out _, out _, out var length);
            all.Add(X509CertificateLoader.LoadCertificate(der[..length]));
            der = der[length..];
        }

        return all;
    }
}
