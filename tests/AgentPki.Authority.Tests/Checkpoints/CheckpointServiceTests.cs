using AgentPki.Authority.Audit;
using AgentPki.Authority.Problems;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Checkpoints;

public sealed class CheckpointServiceTests
{
    [Fact]
    public async Task SignAsync_AfterCommits_CoversTheHeadAndVerifies()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.AgentAsync("a.agents.test");
        Assert.True(await authority.Services.Checkpoints.SignAsync(default));
        await VerifyAsync(authority);
        var signatures = authority.Keys.Signatures;
        Assert.True(await authority.Services.Checkpoints.SignAsync(default));
        Assert.Equal(signatures, authority.Keys.Signatures);
    }

    [Fact]
    public async Task Timer_SignsByItself()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.AgentAsync("a.agents.test");
        for (var i = 0; i < 200 && await authority.Store.LatestCheckpointAsync(default) is null; i++)
        {
            authority.Time.Advance(TestAuthority.DefaultOptions.CheckpointInterval);
            await Task.Delay(10);
        }

        Assert.NotNull(await authority.Store.LatestCheckpointAsync(default));
    }

    [Fact]
    public async Task SignAsync_TokenGone_RefusalsAreRecordedAndTheCheckpointComesLater()
    {
        await using var authority = await TestAuthority.StartAsync();
        await authority.Services.Checkpoints.SignAsync(default);
        var before = await authority.Store.LatestCheckpointAsync(default);
        authority.Keys.IsGone = true;
        await authority.Services.Audit.RefuseAsync(new Refusal("credential:x", new PkiProblem(PkiProblemKind.PolicyViolation, "no"), "est", "c"), default);
        Assert.Single(await authority.EntriesAsync(LedgerEntryKind.EnrollmentRefused));
        Assert.False(await authority.Services.Checkpoints.SignAsync(default));
        Assert.Equal(before, await authority.Store.LatestCheckpointAsync(default));
        authority.Keys.IsGone = false;
        Assert.True(await authority.Services.Checkpoints.SignAsync(default));
        await VerifyAsync(authority);
    }

    [Fact]
    public async Task DisposeAsync_CoversTheLastLeaf()
    {
        var authority = await TestAuthority.StartAsync();
        await authority.AgentAsync("a.agents.test");
        await authority.Services.Audit.RefuseAsync(new Refusal(AuditTrail.Stranger, new PkiProblem(PkiProblemKind.MalformedRequest, "x"), "est", "c"), default);
        await authority.DisposeAsync();
        await VerifyAsync(authority);
    }

    private static async Task VerifyAsync(TestAuthority authority)
    {
        var head = await authority.Store.HeadAsync(default);
        var latest = (await authority.Store.LatestCheckpointAsync(default))!;
        Assert.Equal(Checkpoint.Of(head), latest.Checkpoint);
        Assert.True(NoteKey.Create(latest.Checkpoint.Origin, authority.Ceremony.CheckpointKey).Verify(latest.Note, authority.Providers));
    }
}
