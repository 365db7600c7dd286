using System.Collections.Immutable;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Governance;

public sealed class AdminRequestTests
{
    private static readonly ImmutableArray<AdminRole> Approvers = [AdminRole.Officer];

    [Fact]
    public async Task Approve_BySomebodyElse_IsRecordedWithDigestAndComment()
    {
        await using var world = await World.StartAsync();
        var request = await world.AskAsync();
        var approved = (await world.ApproveAsync(request, world.Bob)).Value();
        Assert.Equal((AdminRequestState.Approved, "bob"), (approved.State, approved.DecidedBy?.Name));

        var made = Assert.Single(await world.EntriesAsync(LedgerEntryKind.AdminRequestMade));
        Assert.Equal((request.Digest, "because", request.Id), (made["request.sha256"], made["comment"], made["correlation"]));
        var decided = Assert.Single(await world.EntriesAsync(LedgerEntryKind.AdminRequestDecided));
        Assert.Equal(("approved", request.Digest, "fine"), (decided["decision"], decided["request.sha256"], decided["comment"]));
    }

    [Fact]
    public async Task Approve_ByHimself_OrWithHisKey_IsRefused()
    {
        await using var world = await World.StartAsync();
        var request = await world.AskAsync();
        await world.RefusedAsync(request, world.Alice, PkiProblemKind.Unauthorized, "asked for himself");
        await world.RefusedAsync(request, AdminCaller.Of("bob", [AdminRole.Officer], [], world.Alice.Credential!), PkiProblemKind.Unauthorized, "asked for himself");
        await world.RefusedAsync(request, AdminCaller.Of("alice", [AdminRole.Officer], [], world.Bob.Credential!), PkiProblemKind.Unauthorized, "asked for himself");
        Assert.Equal(3, (await world.EntriesAsync(LedgerEntryKind.AdminRefused)).Count);
    }

    [Fact]
    public async Task Approve_WithoutTheRole_OrByTheSocketAlone_IsRefused()
    {
        await using var world = await World.StartAsync();
        var request = await world.AskAsync();
        await world.RefusedAsync(request, AdminCaller.Of("bob", [AdminRole.Auditor], [], world.Bob.Credential!), PkiProblemKind.Unauthorized, "this wants the role officer");
        await world.RefusedAsync(request, AdminCaller.Development(0, fourEyes: true), PkiProblemKind.Unauthorized, "known by his certificate");
    }

    [Fact]
    public async Task Approve_SomethingElseThanWaits_IsRefused()
    {
        await using var world = await World.StartAsync();
        var (one, other) = (await world.AskAsync(), await world.AskAsync(target: "/other"));
        Assert.NotEqual(one.Digest, other.Digest);
        Assert.Equal(PkiProblemKind.Conflict, (await world.Requests.ApproveAsync(one.Id, Approvers, other.Digest, null, world.Bob, "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.Conflict, (await world.Requests.ApproveAsync(one.Id, Approvers, one.Digest.ToUpperInvariant(), null, world.Bob, "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.NotFound, (await world.Requests.ApproveAsync("none", Approvers, one.Digest, null, world.Bob, "test", default)).Problem().Kind);
    }

    [Fact]
    public async Task Approve_Twice_OrAtTheSameMoment_CountsOnce()
    {
        await using var world = await World.StartAsync();
        var request = await world.AskAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => world.ApproveAsync(request, world.Bob))));
        Assert.Single(outcomes, o => o is Outcome<AdminRequestRecord>.Done);
        await world.RefusedAsync(request, world.Bob, PkiProblemKind.Conflict, "approved already");
        Assert.Single(await world.EntriesAsync(LedgerEntryKind.AdminRequestDecided));

        var begun = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => world.Requests.BeginAsync(request.Id).AsTask())));
        Assert.Single(begun, b => b);
    }

    [Fact]
    public async Task Reject_WantsAComment_AndEndsIt()
    {
        await using var world = await World.StartAsync();
        var request = await world.AskAsync();
        Assert.Equal(PkiProblemKind.MalformedRequest, (await world.Requests.RejectAsync(request.Id, Approvers, " ", world.Bob, "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.Unauthorized, (await world.Requests.RejectAsync(request.Id, Approvers, "no", world.Alice, "test", default)).Problem().Kind);
        Assert.Equal(AdminRequestState.Rejected, (await world.Requests.RejectAsync(request.Id, Approvers, "wrong CA", world.Bob, "test", default)).Value().State);
        await world.RefusedAsync(request, world.Bob, PkiProblemKind.Conflict, "rejected already");
        Assert.False(await world.Requests.BeginAsync(request.Id));
    }

    [Fact]
    public async Task Cancel_IsForWhoeverAskedAlone()
    {
        await using var world = await World.StartAsync();
        var request = await world.AskAsync();
        Assert.Equal(PkiProblemKind.Unauthorized, (await world.Requests.CancelAsync(request.Id, world.Bob, "test", default)).Problem().Kind);
        Assert.Equal(AdminRequestState.Cancelled, (await world.Requests.CancelAsync(request.Id, world.Alice, "test", default)).Value().State);
        await world.RefusedAsync(request, world.Bob, PkiProblemKind.Conflict, "cancelled already");
    }

    [Fact]
    public async Task Approve_AfterItsTime_IsRefusedAndTheRequestClosed()
    {
        await using var world = await World.StartAsync();
        var request = await world.AskAsync();
        world.Authority.Time.Turn(TimeSpan.FromDays(3));
        await world.RefusedAsync(request, world.Bob, PkiProblemKind.Conflict, "expired already");
        Assert.Equal("expired", Assert.Single(await world.EntriesAsync(LedgerEntryKind.AdminRequestDecided))["decision"]);

        var forgotten = await world.AskAsync();
        world.Authority.Time.Turn(TimeSpan.FromDays(4));
        await world.Authority.Services.MaintainAsync(default);
        Assert.Equal(AdminRequestState.Expired, (await world.Requests.FindAsync(forgotten.Id, default))!.State);
    }

    [Fact]
    public async Task Approve_WithTheClockSetBack_IsRefused()
    {
        await using var world = await World.StartAsync();
        var request = await world.AskAsync();
        world.Authority.Time.Turn(TimeSpan.FromHours(-1));
        await world.RefusedAsync(request, world.Bob, PkiProblemKind.Unavailable, "clock");
        world.Authority.Time.Turn(TimeSpan.FromHours(1));
        (await world.ApproveAsync(request, world.Bob)).Value();
    }

    [Fact]
    public async Task Ask_MoreThanAPersonMayHaveWaiting_IsRefusedForHimAlone()
    {
        await using var world = await World.StartAsync();
        for (var i = 0; i < AdminRequestService.PendingPerPerson; i++)
        {
            await world.AskAsync();
        }

        var wanted = new NewAdminRequest("x", "POST", "/x", [], null);
        Assert.Equal(PkiProblemKind.RateLimited, (await world.Requests.AskAsync(wanted, world.Alice, "test", default)).Problem().Kind);
        (await world.Requests.AskAsync(wanted, world.Bob, "test", default)).Value();
    }

    [Theory]
    [InlineData("two\nlines")]
    [InlineData("bell\a")]
    public async Task Ask_WithACommentThatIsNoLine_IsRefused(string comment)
    {
        await using var world = await World.StartAsync();
        Assert.Equal(PkiProblemKind.MalformedRequest, (await world.Requests.AskAsync(new NewAdminRequest("x", "POST", "/x", [], comment), world.Alice, "test", default)).Problem().Kind);
        Assert.Equal(PkiProblemKind.MalformedRequest, (await world.Requests.AskAsync(new NewAdminRequest("x", "POST", "/x", [], new string('a', 501)), world.Alice, "test", default)).Problem().Kind);
    }

    /// <summary>The digest, as anybody computes it with <c>printf 'POST /x\n{}' | sha256sum</c>.</summary>
    [Fact]
    public void Digest_IsThatOfMethodTargetAndBody() =>
        Assert.Equal("b3866ea5baf99517fe475d080f55b5af71a1044512491c087d9887d56e1b6b9b", AdminRequestRecord.DigestOf("POST", "/x", "{}"u8));

    private sealed class World : IAsyncDisposable
    {
        public required TestAuthority Authority { get; init; }

        public required AdminCaller Alice { get; init; }

        public required AdminCaller Bob { get; init; }

        public AdminRequestService Requests => Authority.Services.AdminRequests;

        public static async Task<World> StartAsync()
        {
            var authority = await TestAuthority.StartAsync();
            var made = await authority.BootstrapAsync("alice", "bob");
            return new World { Authority = authority, Alice = await authority.KnownAsync(made[0]), Bob = await authority.KnownAsync(made[1]) };
        }

        public async Task<AdminRequestRecord> AskAsync(string target = "/x") =>
            (await Requests.AskAsync(new NewAdminRequest("x", "POST", target, "{}"u8.ToArray(), "because"), Alice, "test", default)).Value();

        public async Task<Outcome<AdminRequestRecord>> ApproveAsync(AdminRequestRecord request, AdminCaller by) => await Requests.ApproveAsync(request.Id, Approvers, request.Digest, "fine", by, "test", default);

        public async Task RefusedAsync(AdminRequestRecord request, AdminCaller by, PkiProblemKind kind, string says)
        {
            var problem = (await ApproveAsync(request, by)).Problem();
            Assert.Equal(kind, problem.Kind);
            Assert.Contains(says, problem.Detail, StringComparison.Ordinal);
        }

        public Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> EntriesAsync(LedgerEntryKind kind) => Authority.EntriesAsync(kind);

        public ValueTask DisposeAsync() => Authority.DisposeAsync();
    }
}
