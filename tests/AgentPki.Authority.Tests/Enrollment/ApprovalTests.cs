using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Requests;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

public sealed class ApprovalTests
{
    private const string Label = "agent-approval";
    private static readonly Requester Somebody = new Requester.Stranger("192.0.2.1");

    [Fact]
    public async Task Approved_IsIssuedOnceToTheApproversName()
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await RequestAsync();
        var id = await PendingAsync(authority, csr);
        Assert.Equal(id, await PendingAsync(authority, csr));
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.EnrollmentPending));
        var waiting = Assert.Single(await authority.Services.Approvals.ListAsync(ApprovalState.Pending, default));
        Assert.Contains("spiffe://agents.test/agent/a.agents.test", waiting.Summary, StringComparison.Ordinal);

        Assert.IsType<Outcome<ApprovalRecord>.Done>(await authority.Services.Approvals.ApproveAsync(id, "admin:alice", "c", default));
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, Somebody, Label));
        Assert.Equal("admin:alice", (await authority.Environment.Stores.Agents.FindAsync(issued.Certificate.SpiffeId!.ToString(), default))!.Owner);
        Assert.Equal(ApprovalState.Issued, (await authority.Services.Approvals.FindAsync(id, default))!.State);
        Assert.Equal(PkiProblemKind.Conflict, await RefusedAsync(authority, csr));
        Assert.Equal(1, await authority.AgentCertificatesAsync());
        // A renewal of what was approved needs no second yes.
        Assert.IsType<EnrollmentOutcome.Issued>(await authority.EnrollAsync(csr, new Requester.AgentCertificate(issued.Certificate), Label, EnrollmentKind.Renew));
    }

    [Fact]
    public async Task Approved_PolledByManyAtOnce_IsIssuedOnce()
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await RequestAsync();
        await authority.Services.Approvals.ApproveAsync(await PendingAsync(authority, csr), "admin:alice", "c", default);
        var all = new Rendezvous(4);
        authority.Keys.BeforeSign = _ => all.ArriveAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => authority.EnrollAsync(csr, Somebody, Label).AsTask())));
        Assert.Single(outcomes.OfType<EnrollmentOutcome.Issued>());
        Assert.All(outcomes.OfType<EnrollmentOutcome.Rejected>(), r => Assert.Equal(PkiProblemKind.Conflict, r.Problem.Kind));
        Assert.Equal(1, await authority.AgentCertificatesAsync());
    }

    [Fact]
    public async Task Parked_ByManyAtOnce_IsParkedOnce()
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await RequestAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => PendingAsync(authority, csr))));
        Assert.Single(ids.Distinct());
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.EnrollmentPending));
    }

    [Fact]
    public async Task Denied_StaysDenied()
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await RequestAsync();
        var id = await PendingAsync(authority, csr);
        await authority.Services.Approvals.DenyAsync(id, "admin:alice", "c", default);
        Assert.Equal(PkiProblemKind.ApprovalDenied, await RefusedAsync(authority, csr));
        var again = Assert.IsType<Outcome<ApprovalRecord>.Refused>(await authority.Services.Approvals.ApproveAsync(id, "admin:bob", "c", default));
        Assert.Equal(PkiProblemKind.Conflict, again.Problem.Kind);
        Assert.Equal(PkiProblemKind.ApprovalDenied, await RefusedAsync(authority, csr));
    }

    [Fact]
    public async Task Expired_AtACaThatIsRevoked_IsEndedByTheTimerAllTheSame()
    {
        await using var authority = await TestAuthority.StartAsync();
        var id = await PendingAsync(authority, await RequestAsync());
        await authority.Services.Revocations.RevokeAsync(
            new(new AgentPki.Authority.Revocation.RevocationTarget.OneCertificate(authority.Ceremony.Issuing), RevocationReason.KeyCompromise, "admin:x", "admin", "c", IncludeAppliance: true), default);
        authority.Time.Advance(TestAuthority.DefaultOptions.ApprovalLifetime);
        await authority.Services.MaintainAsync(default);
        Assert.Equal(ApprovalState.Expired, Assert.Single(await authority.Environment.Stores.Approvals.ListAsync(null, default)).State);
        Assert.Equal(id, Assert.Single(await authority.Environment.Stores.Approvals.ListAsync(ApprovalState.Expired, default)).Id);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Expired_IsNeitherApprovedNorIssued(bool approvedBefore)
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await RequestAsync();
        var id = await PendingAsync(authority, csr);
        if (approvedBefore)
        {
            await authority.Services.Approvals.ApproveAsync(id, "admin:alice", "c", default);
        }

        authority.Time.Advance(TestAuthority.DefaultOptions.ApprovalLifetime);
        Assert.Equal(PkiProblemKind.ApprovalDenied, await RefusedAsync(authority, csr));
        Assert.Equal(ApprovalState.Expired, (await authority.Services.Approvals.FindAsync(id, default))!.State);
        Assert.Equal(PkiProblemKind.Conflict, Assert.IsType<Outcome<ApprovalRecord>.Refused>(await authority.Services.Approvals.ApproveAsync(id, "admin:alice", "c", default)).Problem.Kind);
        Assert.Equal(0, await authority.AgentCertificatesAsync());
    }

    [Fact]
    public async Task Decide_ByTwoAtOnce_OneWins()
    {
        await using var authority = await TestAuthority.StartAsync();
        var id = await PendingAsync(authority, await RequestAsync());
        var decisions = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () => i % 2 == 0
            ? await authority.Services.Approvals.ApproveAsync(id, $"admin:{i}", "c", default)
            : await authority.Services.Approvals.DenyAsync(id, $"admin:{i}", "c", default))));
        Assert.Single(decisions.OfType<Outcome<ApprovalRecord>.Done>());
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.ApprovalDecided));
    }

    [Fact]
    public async Task Decide_UnknownId_IsNotFound()
    {
        await using var authority = await TestAuthority.StartAsync();
        Assert.Equal(PkiProblemKind.NotFound, Assert.IsType<Outcome<ApprovalRecord>.Refused>(await authority.Services.Approvals.DenyAsync("nope", "admin:x", "c", default)).Problem.Kind);
    }

    [Fact]
    public async Task Strangers_CannotParkWithoutEnd()
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { ParkedStrangers = 3 });
        for (var i = 0; i < 3; i++)
        {
            await PendingAsync(authority, await RequestAsync($"a{i}.agents.test"));
        }

        Assert.Equal(PkiProblemKind.RateLimited, await RefusedAsync(authority, await RequestAsync("a3.agents.test")));
        // Who has a credential is not hindered by them.
        Assert.IsType<EnrollmentOutcome.Pending>(await authority.EnrollAsync(await RequestAsync("a4.agents.test"), await authority.CredentialAsync(), Label));
    }

    [Fact]
    public async Task Expired_HoldsNoPlace()
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { ParkedStrangers = 1 });
        var id = await PendingAsync(authority, await RequestAsync("a0.agents.test"));
        authority.Time.SetUtcNow(authority.Time.GetUtcNow() + TestAuthority.DefaultOptions.ApprovalLifetime);
        await authority.Services.MaintainAsync(default);
        Assert.Equal(ApprovalState.Expired, (await authority.Services.Approvals.FindAsync(id, default))!.State);
        await PendingAsync(authority, await RequestAsync("a1.agents.test"));
    }

    [Fact]
    public async Task Requesters_CannotParkWithoutEnd()
    {
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { ParkedPerRequester = 1 });
        var credential = await authority.CredentialAsync();
        Assert.IsType<EnrollmentOutcome.Pending>(await authority.EnrollAsync(await RequestAsync("a0.agents.test"), credential, Label));
        var rejected = Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(await RequestAsync("a1.agents.test"), credential, Label));
        Assert.Equal(PkiProblemKind.RateLimited, rejected.Problem.Kind);
        Assert.NotNull(rejected.Problem.RetryAfter);
    }

    [Fact]
    public async Task Approved_ForOneRequester_IsNotAnothers()
    {
        await using var authority = await TestAuthority.StartAsync();
        var csr = await RequestAsync();
        await authority.Services.Approvals.ApproveAsync(await PendingAsync(authority, csr), "admin:alice", "c", default);
        Assert.IsType<EnrollmentOutcome.Pending>(await authority.EnrollAsync(csr, await authority.CredentialAsync(), Label));
    }

    private static async Task<Pkcs10Request> RequestAsync(string name = "a.agents.test") => await TestAuthority.RequestAsync(await TestAuthority.KeyAsync(), name);

    private static async Task<string> PendingAsync(TestAuthority authority, Pkcs10Request csr)
    {
        var pending = Assert.IsType<EnrollmentOutcome.Pending>(await authority.EnrollAsync(csr, Somebody, Label));
        Assert.True(pending.RetryAfter > TimeSpan.Zero);
        return pending.ApprovalId;
    }

    private static async Task<PkiProblemKind> RefusedAsync(TestAuthority authority, Pkcs10Request csr) =>
        Assert.IsType<EnrollmentOutcome.Rejected>(await authority.EnrollAsync(csr, Somebody, Label)).Problem.Kind;
}
