using AgentPki.Authority.Audit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Audit;

public sealed class AuditTrailTests
{
    private static readonly PkiProblem Garbage = new(PkiProblemKind.MalformedRequest, "not DER");

    [Fact]
    public async Task RefuseAsync_HundredThousandStrangers_BecomeOneEntryAnInterval()
    {
        await using var authority = await TestAuthority.StartAsync();
        var audit = authority.Services.Audit;
        var before = await authority.LedgerSizeAsync();
        for (var i = 0; i < 100_000; i++)
        {
            await audit.RefuseAsync(new Refusal(AuditTrail.Stranger, i % 4 == 0 ? new PkiProblem(PkiProblemKind.Unauthenticated, "who?") : Garbage, "est", $"c{i}"), default);
        }

        Assert.Equal(before, await authority.LedgerSizeAsync());
        await audit.FlushAsync(default);
        var details = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.RefusalsAggregated));
        Assert.Equal(("100000", "75000", "25000"), (details[AuditDetails.Total], details["count.MalformedRequest"], details["count.Unauthenticated"]));
        Assert.Equal(64, details[AuditDetails.Digest].Length);
        Assert.Equal(before + 1, await authority.LedgerSizeAsync());
    }

    [Fact]
    public async Task Digest_ChangesWithEverySingleRefusal()
    {
        await using var authority = await TestAuthority.StartAsync();
        var digests = new HashSet<string>();
        foreach (var ids in new[] { new[] { "a", "b" }, ["b", "a"], ["a", "c"], ["a"] })
        {
            foreach (var id in ids)
            {
                await authority.Services.Audit.RefuseAsync(new Refusal(AuditTrail.Stranger, Garbage, "est", id), default);
            }

            await authority.Services.Audit.FlushAsync(default);
            digests.Add((await authority.EntriesAsync(LedgerEntryKind.RefusalsAggregated))[^1][AuditDetails.Digest]);
        }

        Assert.Equal(4, digests.Count);
    }

    [Fact]
    public async Task RefuseAsync_Authenticated_IsAnEntryOfItsOwn()
    {
        await using var authority = await TestAuthority.StartAsync();
        var credential = await authority.CredentialAsync("robot");
        await authority.Services.Registration.RefuseAsync(credential, Garbage, "est", "c-1", default);
        var details = Assert.Single(await authority.EntriesAsync(LedgerEntryKind.EnrollmentRefused));
        Assert.Equal(("MalformedRequest", "not DER", "est", "c-1"), (details[AuditDetails.Problem], details[AuditDetails.Reason], details[AuditDetails.Protocol], details[AuditDetails.Correlation]));
    }

    [Fact]
    public async Task RefuseAsync_WrongSecret_CountsAsAStranger()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.CredentialAsync("robot");
        await authority.Services.Registration.RefuseAsync(new Requester.Credential("robot", "guess"), Garbage, "est", "c-1", default);
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.EnrollmentRefused));
        await authority.Services.Audit.FlushAsync(default);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.RefusalsAggregated));
    }

    [Fact]
    public async Task DisposeAsync_StrangersWait_AreWritten()
    {
        var authority = await TestAuthority.StartAsync();
        await authority.Services.Audit.RefuseAsync(new Refusal(AuditTrail.Stranger, Garbage, "est", "c"), default);
        await authority.DisposeAsync();
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.RefusalsAggregated));
    }

    [Fact]
    public async Task RefuseAsync_StoreDown_DoesNotThrow()
    {
        await using var authority = await TestAuthority.StartAsync();
        authority.Store.Fault = () => new StoreUnavailableException("full (test)");
        await authority.Services.Audit.RefuseAsync(new Refusal("credential:x", Garbage, "est", "c"), default);
        await authority.Services.Audit.RefuseAsync(new Refusal(AuditTrail.Stranger, Garbage, "est", "c"), default);
        await authority.Services.Audit.FlushAsync(default);
        authority.Store.Fault = null;
        Assert.Empty(await authority.EntriesAsync(LedgerEntryKind.EnrollmentRefused));
        await authority.Services.Audit.FlushAsync(default);
        Assert.Equal("1", Assert.Single(await authority.EntriesAsync(LedgerEntryKind.RefusalsAggregated))[AuditDetails.Total]);
    }

    [Fact]
    public void Of_LongValue_IsCut_NullIsLeftOut()
    {
        var details = AuditDetails.Of((AuditDetails.Reason, new string('x', 10_000)), (AuditDetails.Agent, null));
        Assert.Equal(512, details[AuditDetails.Reason].Length);
        Assert.Equal([AuditDetails.Reason], details.Keys);
    }
}
