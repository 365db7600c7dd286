using AgentPki.Agents;
using AgentPki.Agents.Decisions;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Testing.Stores;

// What is done about agents by rule, and how it is taken back.
public abstract partial class StoreContractTests<TStore>
{
    private IWatchStore Watch => Store;

    [Fact]
    public async Task WatchResponse_Begun_IsFoundAndListedInPages()
    {
        Store.Apply([.. Enumerable.Range(1, 2).Select(StoreSamples.Issuance)]);
        foreach (var n in Enumerable.Range(0, 4))
        {
            Commit(StoreSamples.Request(new StoreChange.AddWatchResponse(Response(n, 1 + (n % 2)) with { At = StoreSamples.Now.AddMinutes(n) })));
        }

        Conflict(new StoreChange.AddWatchResponse(Response(1, 1)));
        Conflict(new StoreChange.AddWatchResponse(Response(9, 9)));
        Assert.Equal(Response(0, 1), await Watch.FindResponseAsync(Response(0, 1).Id, Cancelled));
        Assert.Null(await Watch.FindResponseAsync("w-none", Cancelled));
        Assert.Equal([3, 2], await ListedAsync(new WatchResponseQuery(), 2));
        Assert.Equal([1, 0], await ListedAsync(new WatchResponseQuery { After = Id(2) }, 9));
        Assert.Equal([], await ListedAsync(new WatchResponseQuery { After = "w-none" }, 9));
        Assert.Equal([2, 0], await ListedAsync(new WatchResponseQuery { AgentId = StoreSamples.AgentId(1) }, 9));
        Assert.Equal([], await ListedAsync(new WatchResponseQuery { AgentId = StoreSamples.AgentId(8) }, 9));
        Assert.Equal([2, 1], await ListedAsync(new WatchResponseQuery { From = StoreSamples.Now.AddMinutes(1), Before = StoreSamples.Now.AddMinutes(3) }, 9));
        Assert.Equal([], await ListedAsync(new WatchResponseQuery { Owners = ["team-b"] }, 9));
        Assert.Equal([], await ListedAsync(new WatchResponseQuery { Owners = [] }, 9));
        Assert.Equal([3, 1], await ListedAsync(new WatchResponseQuery { Owners = ["team-b", "team-a"], AgentId = StoreSamples.AgentId(2) }, 9));
        Commit(StoreSamples.Request(new StoreChange.FailWatchResponse(Id(3), "too many")));
        Assert.Equal([3], await ListedAsync(new WatchResponseQuery { State = WatchResponseState.NotDone }, 9));
        Assert.Equal(2, await Watch.CountResponsesAsync(StoreSamples.Now.AddMinutes(2), Cancelled));
    }

    [Fact]
    public async Task WatchResponse_Failed_IsAtItsEnd()
    {
        Commit(StoreSamples.Issuance(1));
        Commit(StoreSamples.Request(new StoreChange.AddWatchResponse(Response(0, 1))));
        Conflict(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now, "alice", "bob"));

        Commit(StoreSamples.Request(new StoreChange.FailWatchResponse(Id(0), "the store was down")));

        Assert.Equal((WatchResponseState.NotDone, "the store was down"), await Watch.FindResponseAsync(Id(0), Cancelled) is { } failed ? (failed.State, failed.Problem) : default);
        Conflict(new StoreChange.FailWatchResponse(Id(0), "again"));
        Conflict(Answer(0, 1));
        Conflict(new StoreChange.AddAdjustment(Adjust("1", StoreSamples.AgentId(1), AdjustmentKind.Narrowing, 5), Id(0)));
        Conflict(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now, "alice", "bob"));
        Conflict(new StoreChange.RevertWatchResponse("w-none", StoreSamples.Now, "alice", "bob"));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(1));
    }

    [Fact]
    public async Task RevertWatchResponse_OfAHold_GivesBackWhatItTookAndSaysWho()
    {
        Family();
        Begin(0, 1);
        var held = Commit(StoreSamples.Request(Answer(0, 1)));
        Assert.Equal((2, 2), (held.Selected!.Count, held.Selected.Agents));
        Assert.Equal((WatchResponseState.Done, 2, 2, held.Epoch), await Watch.FindResponseAsync(Id(0), Cancelled) is { } done ? (done.State, done.Certificates, done.Agents, done.Epoch ?? 0) : default);
        Assert.Equal([new AnsweredAgent(StoreSamples.AgentId(1), AnswerStanding.Alone, AnswerStanding.Alone), new AnsweredAgent(StoreSamples.AgentId(2), AnswerStanding.Alone, AnswerStanding.Alone)], await Watch.ListAnsweredAsync(Id(0), 9, Cancelled));

        var reverted = Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(1), "alice", "bob")));

        Assert.Equal((2, 2, held.Epoch + 1), (reverted.Selected!.Count, reverted.Selected.Agents, reverted.Epoch));
        Assert.Equal((AgentState.Active, AgentState.Active), (await StateAsync(1), await StateAsync(2)));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(1));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(2));
        Assert.Equal((RevocationEventKind.Released, 2L, $"response={Id(0)}"), (await Revocations.ListEventsAsync(held.Epoch, 9, Cancelled)) is [var e] ? (e.Kind, e.Count, e.Selector) : default);
        Assert.Equal(
            (WatchResponseState.Reverted, StoreSamples.Now.AddMinutes(1), "alice", "bob"),
            await Watch.FindResponseAsync(Id(0), Cancelled) is { } after ? (after.State, after.Reverted, after.RevertedBy, after.ApprovedBy) : default);
        Assert.Equal([new AnsweredAgent(StoreSamples.AgentId(1), AnswerStanding.Over, AnswerStanding.Over), new AnsweredAgent(StoreSamples.AgentId(2), AnswerStanding.Over, AnswerStanding.Over)], await Watch.ListAnsweredAsync(Id(0), 9, Cancelled));
        var again = new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(2), "carol", "bob");
        Assert.Contains("already", Conflict(again, StoreSamples.Request(again)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RevertWatchResponse_LeavesWhatOthersDidBefore()
    {
        Family();
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(2), AgentState.Suspended)));
        Commit(Set(new RevocationSelector { Authority = StoreSamples.Authority, Serial = StoreSamples.Serial(1) }, RevocationReason.CertificateHold));
        Commit(StoreSamples.Request(new StoreChange.AddCertificate(StoreSamples.Certificate(11, agent: 1, key: 1))));
        Begin(0, 1);
        Assert.Equal((2, 1), Commit(StoreSamples.Request(Answer(0, 1))).Selected is { } took ? (took.Count, took.Agents) : default);

        var reverted = Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(1), "alice", "bob")));

        Assert.Equal((2, 1), (reverted.Selected!.Count, reverted.Selected.Agents));
        Assert.Equal((AgentState.Active, AgentState.Suspended), (await StateAsync(1), await StateAsync(2)));
        Assert.IsType<CertificateStatus.Revoked>(await StatusAsync(1));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(2));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(11));
    }

    [Fact]
    public async Task RevertWatchResponse_LeavesWhatOthersDecidedSince()
    {
        Family();
        Begin(0, 1);
        Commit(StoreSamples.Request(Answer(0, 1)));
        Commit(StoreSamples.Request(new StoreChange.RevokeCertificate(StoreSamples.Authority, StoreSamples.Serial(1), StoreSamples.Now, RevocationReason.KeyCompromise)));
        Commit(Set(new RevocationSelector { Agent = StoreSamples.AgentId(2) }, RevocationReason.CertificateHold, AgentState.Suspended));

        var reverted = Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(1), "alice", "bob")));

        Assert.Equal((0, 1), (reverted.Selected!.Count, reverted.Selected.Agents));
        Assert.Equal((AgentState.Active, AgentState.Suspended), (await StateAsync(1), await StateAsync(2)));
        Assert.Equal(RevocationReason.KeyCompromise, (await StatusAsync(1) as CertificateStatus.Revoked)?.Reason);
        Assert.Equal(RevocationReason.CertificateHold, (await StatusAsync(2) as CertificateStatus.Revoked)?.Reason);
        Assert.Null(await Watch.FindStandingAsync(new RevocationSelector { Agent = StoreSamples.AgentId(2) }, StoreSamples.Now, Cancelled));

        // Whoever held it lets it go as ever.
        Commit(StoreSamples.Request(new StoreChange.ReleaseSet(new RevocationSelector { Agent = StoreSamples.AgentId(2) }, StoreSamples.Now, Agents: true)));
        Assert.Equal(AgentState.Active, await StateAsync(2));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(2));
    }

    [Fact]
    public async Task FindStanding_OfWhatIsSelected_IsTheNewestThatWasNotTakenBack()
    {
        Family();
        Begin(0, 2, withDescendants: false);
        Commit(StoreSamples.Request(Answer(0, 2, withDescendants: false)));
        Begin(1, 1);
        Commit(StoreSamples.Request(Answer(1, 1)));
        var (one, two, three) = (new RevocationSelector { Agent = StoreSamples.AgentId(1) }, new RevocationSelector { Agent = StoreSamples.AgentId(2) }, new RevocationSelector { Agent = StoreSamples.AgentId(3) });
        var byProfile = new RevocationSelector { Profile = "agent", Requester = "credential:dev" };
        Assert.Equal((Id(1), Id(1), null, Id(1)), (await StandingAsync(one), await StandingAsync(two), await StandingAsync(three), await StandingAsync(byProfile)));
        Assert.Equal(Id(1), await StandingAsync(RevocationSelector.Of(StoreSamples.Authority, StoreSamples.Serial(2))));

        // Held by somebody too: it stands all the same, or one person could hold and let go.
        Commit(Set(one, RevocationReason.CertificateHold, AgentState.Suspended));
        Assert.Equal(Id(1), await StandingAsync(one));

        Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(1), StoreSamples.Now, "alice", "bob")));
        Assert.Equal((null, Id(0), Id(0)), (await StandingAsync(one), await StandingAsync(two), await StandingAsync(byProfile)));
        Assert.Equal(AgentState.Suspended, await StateAsync(1));
        Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now, "alice", "bob")));
        Assert.Null(await StandingAsync(byProfile));
    }

    [Fact]
    public async Task RevertWatchResponse_SuspendedByHandSince_GivesBackTheCertificatesAlone()
    {
        Family();
        Begin(0, 1);
        Commit(StoreSamples.Request(Answer(0, 1)));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(1), AgentState.Suspended)));

        Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(1), "alice", null)));

        Assert.Equal((AgentState.Suspended, AgentState.Active), (await StateAsync(1), await StateAsync(2)));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(1));
    }

    [Fact]
    public async Task RevertWatchResponse_AnotherOneStands_GivesBackWithTheLast()
    {
        Family();
        Begin(0, 2, withDescendants: false);
        Commit(StoreSamples.Request(Answer(0, 2, withDescendants: false)));
        Begin(1, 1);
        Commit(StoreSamples.Request(Answer(1, 1)));

        Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(1), "alice", "bob")));
        Assert.Equal((AgentState.Suspended, AgentState.Suspended), (await StateAsync(1), await StateAsync(2)));
        Assert.IsType<CertificateStatus.Revoked>(await StatusAsync(2));

        Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(1), StoreSamples.Now.AddMinutes(1), "alice", "bob")));
        Assert.Equal((AgentState.Active, AgentState.Active), (await StateAsync(1), await StateAsync(2)));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(2));
    }

    [Fact]
    public async Task RevertWatchResponse_OfARevocation_ActivatesAndLeavesCertificatesRevoked()
    {
        Family();
        Begin(0, 1);
        Commit(StoreSamples.Request(Answer(0, 1, RevocationReason.PrivilegeWithdrawn)));

        var reverted = Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(1), "alice", "bob")));

        Assert.Equal((0, 2), (reverted.Selected!.Count, reverted.Selected.Agents));
        Assert.Equal((AgentState.Active, AgentState.Active), (await StateAsync(1), await StateAsync(2)));
        Assert.Equal(RevocationReason.PrivilegeWithdrawn, (await StatusAsync(1) as CertificateStatus.Revoked)?.Reason);
    }

    [Fact]
    public async Task RevertWatchResponse_OfANarrowing_EndsIt()
    {
        Commit(StoreSamples.Issuance(1));
        Begin(0, 1);
        var narrowing = Adjust("1", StoreSamples.AgentId(1), AdjustmentKind.Narrowing, 5) with { Scopes = ScopeSet.Of("read:**") };
        Commit(StoreSamples.Request(new StoreChange.AddAdjustment(narrowing, Id(0))));
        Assert.Equal((WatchResponseState.Done, narrowing.Id), await Watch.FindResponseAsync(Id(0), Cancelled) is { } done ? (done.State, done.AdjustmentId) : default);
        Assert.Equal([new AnsweredAgent(StoreSamples.AgentId(1), AnswerStanding.Over, AnswerStanding.Over)], await Watch.ListAnsweredAsync(Id(0), 9, Cancelled));

        var reverted = Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(1), "alice", "bob")));

        Assert.Equal((0, 0, 0), (reverted.Selected!.Count, reverted.Selected.Agents, reverted.Epoch));
        Assert.Empty(await Decisions.ListAdjustmentsAsync(StoreSamples.Now, Cancelled));
        Assert.Empty(await Revocations.ListEventsAsync(0, 9, Cancelled));
    }

    [Fact]
    public async Task RevertWatchResponse_NarrowingEndedBefore_IsRevertedAllTheSame()
    {
        Commit(StoreSamples.Issuance(1));
        Begin(0, 1);
        Commit(StoreSamples.Request(new StoreChange.AddAdjustment(Adjust("1", StoreSamples.AgentId(1), AdjustmentKind.Narrowing, 5), Id(0))));
        Commit(StoreSamples.Request(new StoreChange.EndAdjustment("1".PadLeft(32, '0'), StoreSamples.Now)));

        Commit(StoreSamples.Request(new StoreChange.RevertWatchResponse(Id(0), StoreSamples.Now.AddMinutes(1), "alice", "bob")));

        Assert.Equal(WatchResponseState.Reverted, (await Watch.FindResponseAsync(Id(0), Cancelled))?.State);
    }

    /// <summary>Agent 1, and 2 that it spawned, each with a certificate; 3 beside.</summary>
    private void Family()
    {
        Store.Apply([.. Enumerable.Range(1, 3).Select(StoreSamples.Issuance)]);
        Commit(StoreSamples.Request(new StoreChange.SetAgentParent(StoreSamples.AgentId(2), StoreSamples.AgentId(1))));
    }

    private void Begin(int n, int agent, bool withDescendants = true) =>
        Commit(StoreSamples.Request(new StoreChange.AddWatchResponse(Response(n, agent) with { Response = withDescendants ? "suspend-family" : "suspend" })));

    private static StoreChange.RevokeSet Answer(int n, int agent, RevocationReason reason = RevocationReason.CertificateHold, bool withDescendants = true) =>
        new(new RevocationSelector { Agent = StoreSamples.AgentId(agent), WithDescendants = withDescendants }, StoreSamples.Now, reason, null, AgentState.Suspended, Id(n));

    private static string Id(int n) => $"w-{n:x16}";

    private static WatchResponse Response(int n, int agent) => new(Id(n), StoreSamples.AgentId(agent), "refusals", "suspend", "37 refusals in 600 s", new string('a', 64), StoreSamples.Now);

    private async Task<AgentState?> StateAsync(int agent) => (await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(agent), Cancelled))?.State;

    private async Task<string?> StandingAsync(RevocationSelector selector) => (await Watch.FindStandingAsync(selector, StoreSamples.Now, Cancelled))?.Id;

    private async Task<List<int>> ListedAsync(WatchResponseQuery query, int limit) =>
        [.. (await Watch.ListResponsesAsync(query, limit, Cancelled)).Select(w => int.Parse(w.Id[2..], System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture))];
}
