using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Testing.Stores;

public abstract partial class StoreContractTests<TStore>
{
    private ICredentialStore Credentials => Store;

    private IApprovalStore Approvals => Store;


    [Theory]
    [InlineData(3)]
    [InlineData(null)]
    public async Task AddCredential_New_IsFoundAsItWas(int? maxUses)
    {
        var credential = StoreSamples.Credential("dev", maxUses) with { SubjectPattern = maxUses is null ? null : "/a/*", Profiles = maxUses is null ? [] : ["x", "y"] };
        Commit(StoreSamples.Request(new StoreChange.AddCredential(credential)));

        Assert.Equivalent(credential, await Credentials.FindAsync("dev", Cancelled), strict: true);
        Conflict(new StoreChange.AddCredential(credential));
    }

    [Fact]
    public async Task Credentials_AreListedByName()
    {
        foreach (var name in new[] { "b", "a", "B" })
        {
            Commit(StoreSamples.Request(new StoreChange.AddCredential(StoreSamples.Credential(name))));
        }

        Assert.Equal(["B", "a", "b"], (await Credentials.ListAsync(Cancelled)).Select(c => c.Name));
    }

    [Fact]
    public async Task ConsumeCredential_UntilSpent_ThenConflicts()
    {
        Commit(StoreSamples.Request(new StoreChange.AddCredential(StoreSamples.Credential("twice", 2))));
        Commit(StoreSamples.Request(new StoreChange.ConsumeCredential("twice")));
        Commit(StoreSamples.Request(new StoreChange.ConsumeCredential("twice")));

        Conflict(new StoreChange.ConsumeCredential("twice"));
        Conflict(new StoreChange.ConsumeCredential("nobody"));

        Assert.Equal(2, (await Credentials.FindAsync("twice", Cancelled))?.Uses);
    }

    [Fact]
    public async Task ConsumeCredential_Unlimited_OnlyCounts()
    {
        Commit(StoreSamples.Request(new StoreChange.AddCredential(StoreSamples.Credential("dev", null))));
        for (var i = 0; i < 5; i++)
        {
            Commit(StoreSamples.Request(new StoreChange.ConsumeCredential("dev")));
        }

        Assert.Equal(5, (await Credentials.FindAsync("dev", Cancelled))?.Uses);
    }

    [Fact]
    public async Task ConsumeCredential_OneUseInOneBatch_IsGivenOnce()
    {
        Commit(StoreSamples.Request(new StoreChange.AddCredential(StoreSamples.Credential("once"))));

        var outcomes = Store.Apply([.. Enumerable.Range(0, 4).Select(_ => StoreSamples.Request(new StoreChange.ConsumeCredential("once")))]);

        Assert.IsType<CommitOutcome.Committed>(outcomes[0]);
        Assert.All(outcomes.Skip(1), outcome => Assert.IsType<CommitOutcome.Conflict>(outcome));
        Assert.Equal(1, (await Credentials.FindAsync("once", Cancelled))?.Uses);
    }

    [Fact]
    public async Task RevokeCredential_IsIdempotent_AndEndsItsUse()
    {
        Commit(StoreSamples.Request(new StoreChange.AddCredential(StoreSamples.Credential("dev", null))));
        Commit(StoreSamples.Request(new StoreChange.RevokeCredential("dev", StoreSamples.Now)));
        Commit(StoreSamples.Request(new StoreChange.RevokeCredential("dev", StoreSamples.Now.AddHours(1))));

        Assert.Equal(StoreSamples.Now, (await Credentials.FindAsync("dev", Cancelled))?.Revoked);
        Conflict(new StoreChange.ConsumeCredential("dev"));
        Conflict(new StoreChange.RevokeCredential("nobody", StoreSamples.Now));
    }

    [Fact]
    public async Task AddApproval_New_IsFoundByIdAndRequest()
    {
        var parked = StoreSamples.Approval(1);
        Commit(StoreSamples.Request(new StoreChange.AddApproval(parked)));

        Assert.Equivalent(parked, await Approvals.FindAsync(parked.Id, Cancelled), strict: true);
        Assert.Equivalent(parked, await Approvals.FindByRequestAsync(parked.RequestHash, Cancelled), strict: true);
        Conflict(new StoreChange.AddApproval(StoreSamples.Approval(2) with { Id = parked.Id }));
        Conflict(new StoreChange.AddApproval(StoreSamples.Approval(2) with { RequestHash = parked.RequestHash }));
    }

    [Fact]
    public async Task MoveApproval_FromItsState_Moves_FromAnother_Conflicts()
    {
        var parked = StoreSamples.Approval(1);
        Commit(StoreSamples.Request(new StoreChange.AddApproval(parked)));
        Commit(StoreSamples.Request(new StoreChange.AddApproval(StoreSamples.Approval(2))));
        Commit(StoreSamples.Request(new StoreChange.MoveApproval(parked.Id, ApprovalState.Pending, ApprovalState.Approved, "admin:uid=0", StoreSamples.Now.AddMinutes(1))));

        Conflict(new StoreChange.MoveApproval(parked.Id, ApprovalState.Pending, ApprovalState.Denied, "admin:uid=1", StoreSamples.Now));
        Conflict(new StoreChange.MoveApproval("00", ApprovalState.Pending, ApprovalState.Denied, "admin:uid=1", StoreSamples.Now));

        Assert.Equivalent(
            parked with { State = ApprovalState.Approved, DecidedBy = "admin:uid=0", Decided = StoreSamples.Now.AddMinutes(1) },
            await Approvals.FindAsync(parked.Id, Cancelled),
            strict: true);
        Assert.Equal([parked.Id, StoreSamples.Approval(2).Id], (await Approvals.ListAsync(null, Cancelled)).Select(a => a.Id));
        Assert.Equal([StoreSamples.Approval(2).Id], (await Approvals.ListAsync(ApprovalState.Pending, Cancelled)).Select(a => a.Id));
        Assert.Empty(await Approvals.ListAsync(ApprovalState.Denied, Cancelled));
    }
}
