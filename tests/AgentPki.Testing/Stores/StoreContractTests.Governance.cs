using System.Collections.Immutable;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Testing.Stores;

// Administrators, and what waits for a second person.
public abstract partial class StoreContractTests<TStore>
{
    private IGovernanceStore Governance => Store;

    [Fact]
    public async Task AddAdministrator_New_IsFoundByNameAndKey()
    {
        var alice = Add("alice", "aa");
        var bob = Add("bob", "bb");

        Assert.Equivalent(alice, await Governance.FindAdministratorAsync("alice", Cancelled), strict: true);
        Assert.Equivalent(bob, await Governance.FindAdministratorByKeyAsync("bb", Cancelled), strict: true);
        Assert.Equal(["alice", "bob"], (await Governance.ListAdministratorsAsync(Cancelled)).Select(a => a.Name));
        Assert.Null(await Governance.FindAdministratorAsync("carol", Cancelled));
        Assert.Null(await Governance.FindAdministratorByKeyAsync("cc", Cancelled));
    }

    [Fact]
    public async Task AddAdministrator_NameOrLikenessOrKeyTaken_ConflictsAndLeavesNothing()
    {
        Add("alice", "aa");
        Conflict(new StoreChange.AddAdministrator(Administrator("alice", "cc"), "other"));
        Conflict(new StoreChange.AddAdministrator(Administrator("a1ice", "cc"), "alice"));
        Conflict(new StoreChange.AddAdministrator(Administrator("carol", "aa"), "carol"));
        Assert.Single(await Governance.ListAdministratorsAsync(Cancelled));

        Commit(StoreSamples.Request(new StoreChange.RemoveAdministrator("alice", StoreSamples.Now)));
        Conflict(new StoreChange.AddAdministrator(Administrator("alice", "cc"), "other"));
        Conflict(new StoreChange.AddAdministrator(Administrator("carol", "aa"), "carol"));
    }

    [Fact]
    public async Task SetAdministratorRoles_OfAnActiveOne_ReplacesThem()
    {
        var alice = Add("alice", "aa");
        Commit(StoreSamples.Request(new StoreChange.SetAdministratorRoles("alice", [AdminRole.Owner], ["team-a", "team b"], StoreSamples.Now.AddMinutes(1))));

        Assert.Equivalent(alice with { Roles = [AdminRole.Owner], Owners = ["team-a", "team b"], Changed = StoreSamples.Now.AddMinutes(1) }, await Governance.FindAdministratorAsync("alice", Cancelled), strict: true);
        Conflict(new StoreChange.SetAdministratorRoles("nobody", [AdminRole.Auditor], [], StoreSamples.Now));
        Commit(StoreSamples.Request(new StoreChange.RemoveAdministrator("alice", StoreSamples.Now)));
        Conflict(new StoreChange.SetAdministratorRoles("alice", [AdminRole.Auditor], [], StoreSamples.Now));
    }

    [Fact]
    public async Task RemoveAdministrator_Active_IsForGood()
    {
        Add("alice", "aa");
        Commit(StoreSamples.Request(new StoreChange.RemoveAdministrator("alice", StoreSamples.Now.AddMinutes(1))));

        var removed = await Governance.FindAdministratorByKeyAsync("aa", Cancelled);
        Assert.Equal((AdministratorState.Removed, StoreSamples.Now.AddMinutes(1)), (removed?.State, removed?.Changed));
        Conflict(new StoreChange.RemoveAdministrator("alice", StoreSamples.Now));
        Conflict(new StoreChange.BindAdministratorKey("alice", "ab", StoreSamples.Now));
    }

    [Fact]
    public async Task BindAdministratorKey_FurtherKey_IsHisAndNobodyElses()
    {
        Add("alice", "aa");
        Add("bob", "bb");
        Commit(StoreSamples.Request(new StoreChange.BindAdministratorKey("alice", "ab", StoreSamples.Now)));
        Commit(StoreSamples.Request(new StoreChange.BindAdministratorKey("alice", "ab", StoreSamples.Now)));

        Assert.Equal(["aa", "ab"], (await Governance.FindAdministratorAsync("alice", Cancelled))!.Keys);
        Conflict(new StoreChange.BindAdministratorKey("bob", "ab", StoreSamples.Now));
        Conflict(new StoreChange.BindAdministratorKey("nobody", "cc", StoreSamples.Now));
    }

    [Fact]
    public async Task AdminRequest_AddedDecidedAndRun_IsKeptAsItWasAskedFor()
    {
        var request = AdminRequest("1");
        Commit(StoreSamples.Request(new StoreChange.AddAdminRequest(request)));
        Commit(StoreSamples.Request(new StoreChange.AddAdminRequest(AdminRequest("2") with { Requester = new AdminPerson("uid=0", null), Body = [], Comment = null })));
        Assert.Equivalent(request, await Governance.FindRequestAsync("1", Cancelled), strict: true);
        Assert.Null((await Governance.FindRequestAsync("2", Cancelled))!.Requester.Credential);
        Conflict(new StoreChange.AddAdminRequest(request));

        var bob = new AdminPerson("bob", new AdminCredential("bb", "issuing", "02"));
        Commit(StoreSamples.Request(new StoreChange.DecideAdminRequest("1", AdminRequestState.Pending, AdminRequestState.Approved, bob, "fine", StoreSamples.Now.AddMinutes(1))));
        Conflict(new StoreChange.DecideAdminRequest("1", AdminRequestState.Pending, AdminRequestState.Rejected, bob, null, StoreSamples.Now));
        Commit(new CommitRequest(null, [new StoreChange.MoveAdminRequest("1", AdminRequestState.Approved, AdminRequestState.Running, null, StoreSamples.Now.AddMinutes(2))]));
        Conflict(new StoreChange.MoveAdminRequest("1", AdminRequestState.Approved, AdminRequestState.Running, null, StoreSamples.Now));
        Assert.Null((await Governance.FindRequestAsync("1", Cancelled))!.Finished);
        Commit(StoreSamples.Request(new StoreChange.MoveAdminRequest("1", AdminRequestState.Running, AdminRequestState.Done, "{}", StoreSamples.Now.AddMinutes(3))));

        var expected = request with
        {
            State = AdminRequestState.Done, DecidedBy = bob, Decided = StoreSamples.Now.AddMinutes(1), DecisionComment = "fine", Finished = StoreSamples.Now.AddMinutes(3), Outcome = "{}",
        };
        Assert.Equivalent(expected, await Governance.FindRequestAsync("1", Cancelled), strict: true);
        Assert.Equal(request.Digest, expected.Digest);
        Assert.Equal(["2", "1"], (await Governance.ListRequestsAsync(null, 10, Cancelled)).Select(r => r.Id));
        Assert.Equal(["2"], (await Governance.ListRequestsAsync(AdminRequestState.Pending, 10, Cancelled)).Select(r => r.Id));
        Assert.Equal(["2"], (await Governance.ListRequestsAsync(null, 1, Cancelled)).Select(r => r.Id));
    }

    [Fact]
    public async Task ApproveFile_Again_ReplacesIt()
    {
        Commit(StoreSamples.Request(new StoreChange.ApproveFile(new ApprovedFile("b.yaml", [1], StoreSamples.Now))));
        Commit(StoreSamples.Request(new StoreChange.ApproveFile(new ApprovedFile("a.yaml", [2], StoreSamples.Now))));
        Commit(StoreSamples.Request(new StoreChange.ApproveFile(new ApprovedFile("b.yaml", [3], StoreSamples.Now.AddMinutes(1)))));

        var files = await Governance.ListApprovedFilesAsync(Cancelled);
        Assert.Equal([("a.yaml", (byte)2), ("b.yaml", (byte)3)], files.Select(f => (f.Name, f.Text.Single())));
        Assert.Equal(StoreSamples.Now.AddMinutes(1), files[1].Approved);
    }

    private AdministratorRecord Add(string name, string key)
    {
        var added = Administrator(name, key);
        Commit(StoreSamples.Request(new StoreChange.AddAdministrator(added, name)));
        return added;
    }

    private static AdministratorRecord Administrator(string name, string key) =>
        new(name, [AdminRole.Officer, AdminRole.CaAdministrator], [], [key], AdministratorState.Active, StoreSamples.Now, StoreSamples.Now);

    private static AdminRequestRecord AdminRequest(string id) => new(
        id, "startSuccession", "POST", "/successions", [1, 2, 3], new AdminPerson("alice", new AdminCredential("aa", "issuing", "01")), "because", AdminRequestState.Pending, StoreSamples.Now, StoreSamples.Now.AddDays(1));
}
