using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Verification;
using Xunit;

namespace AgentPki.Testing.Stores;

/// <summary>What every engine must do. An engine's test class derives from this and says how a store of it is made.</summary>
public abstract partial class StoreContractTests<TStore> : IAsyncLifetime
    where TStore : class, ICommitStore, ILedgerStore, IAuthorityStore, ICertificateStore, IRevocationStore, IFeedStore, IAgentStore, ICredentialStore, IApprovalStore, ICertificateListStore, ICampaignStore, IAcmeStore, AgentPki.Authority.Governance.IGovernanceStore, IGrantStore, AgentPki.Authority.Decisions.IDecisionStore, AgentPki.Authority.Watching.Responses.IWatchStore, ILedgerEvidence
{
    private TStore? _store;

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    protected TStore Store => _store ?? throw new InvalidOperationException("Not yet initialized.");

    protected ICertificateStore Certificates => Store;

    protected IRevocationStore Revocations => Store;

    protected ILedgerStore Ledger => Store;

    /// <summary>Makes a new, empty store.</summary>
    protected abstract Task<TStore> CreateAsync();

    public async ValueTask InitializeAsync()
    {
        _store = await CreateAsync();
        Commit(StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority))));
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_store is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    protected CommitOutcome.Committed Commit(CommitRequest request) => Assert.IsType<CommitOutcome.Committed>(Assert.Single(Store.Apply([request])));

    protected CommitOutcome.Conflict Conflict(StoreChange expected, CommitRequest request)
    {
        var conflict = Assert.IsType<CommitOutcome.Conflict>(Assert.Single(Store.Apply([request])));
        Assert.Same(expected, conflict.Change);
        Assert.EndsWith(".", conflict.Reason, StringComparison.Ordinal);
        return conflict;
    }

    protected void Conflict(StoreChange change) => Conflict(change, StoreSamples.Request(change));

    [Fact]
    public async Task AddAuthority_New_IsListedInOrderAsItWas()
    {
        var root = StoreSamples.AuthorityRecord("a-root", "a-root") with { Alternative = new AlternativeAuthorityKey(new KeyReference("pkcs11:other", "a-root-ca-alt"), KeyAlgorithm.MlDsa65.DefaultSignature) };
        Commit(StoreSamples.Request(new StoreChange.AddAuthority(root)));

        var all = await ((IAuthorityStore)Store).ListAsync(Cancelled);

        Assert.Equal([StoreSamples.Authority, "a-root"], all.Select(a => a.Name));
        Assert.Equivalent(root, all[1], strict: true);
    }

    [Fact]
    public void AddAuthority_NameExists_Conflicts() => Conflict(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord(StoreSamples.Authority)));

    [Fact]
    public async Task AddCertificate_New_IsFoundByEveryRoute()
    {
        Commit(StoreSamples.Issuance(1));
        Commit(StoreSamples.Issuance(2));
        var expected = new StoredCertificate(StoreSamples.Certificate(1), new CertificateStatus.Good());

        Assert.Equivalent(expected, await Certificates.FindAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled), strict: true);
        Assert.IsType<CertificateStatus.Good>(await Certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled));
        Assert.Equal(StoreSamples.AgentId(1), (await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(1), Cancelled))?.AgentId);
        Assert.Equivalent(expected, Assert.Single(await Certificates.ListByAgentAsync(StoreSamples.AgentId(1), 10, Cancelled)), strict: true);
        Assert.Equivalent(expected, Assert.Single(await Certificates.ListByKeyAsync(StoreSamples.KeyFingerprint(1), 10, Cancelled)), strict: true);
        Assert.Equal([StoreSamples.Serial(2), StoreSamples.Serial(1)], (await Certificates.ListAsync(10, Cancelled)).Select(c => c.Certificate.Serial));
        Assert.Equal(2, await Certificates.CountAsync(Cancelled));
    }

    [Fact]
    public async Task Find_Unknown_IsNull()
    {
        Commit(StoreSamples.Issuance(1));

        Assert.Null(await Certificates.FindAsync(StoreSamples.Authority, StoreSamples.Serial(2), Cancelled));
        Assert.Null(await Certificates.FindAsync("other", StoreSamples.Serial(1), Cancelled));
        Assert.Null(await Certificates.FindStatusAsync(StoreSamples.Authority, StoreSamples.Serial(2), Cancelled));
        Assert.Null((await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(2), Cancelled))?.AgentId);
        Assert.Empty(await Certificates.ListByAgentAsync(StoreSamples.AgentId(2), 10, Cancelled));
        Assert.Empty(await Certificates.ListByKeyAsync(StoreSamples.KeyFingerprint(2), 10, Cancelled));
        Assert.Null(await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(2), Cancelled));
        Assert.Null(await ((ICredentialStore)Store).FindAsync("nobody", Cancelled));
        Assert.Null(await ((IApprovalStore)Store).FindAsync("00", Cancelled));
        Assert.Null(await ((IApprovalStore)Store).FindByRequestAsync(new byte[32], Cancelled));
        Assert.Null(await ((ICertificateListStore)Store).LatestAsync(StoreSamples.Authority, 0, false, Cancelled));
    }

    [Fact]
    public async Task AddCertificate_OfTheAppliance_NeedsNoAgentAndBindsNoKey()
    {
        var own = StoreSamples.Certificate(1) with { AgentId = null };
        Commit(StoreSamples.Request(LedgerEntryKind.CertificateIssued, LedgerFacts.OfCertificate(own.Authority, own.Serial, own.Der), new StoreChange.AddCertificate(own)));

        Assert.Null((await Certificates.FindKeyAsync(own.KeyFingerprint, Cancelled))?.AgentId);
        Assert.Equivalent(own, Assert.Single(await Certificates.ListByKeyAsync(own.KeyFingerprint, 10, Cancelled)).Certificate, strict: true);

        // The key is nobody's: an agent may still bind it.
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(9)), new StoreChange.BindKey(own.KeyFingerprint, StoreSamples.AgentId(9))));
        Assert.Equal(StoreSamples.AgentId(9), (await Certificates.FindKeyAsync(own.KeyFingerprint, Cancelled))?.AgentId);
    }

    [Fact]
    public void AddCertificate_SerialExists_Conflicts()
    {
        Commit(StoreSamples.Issuance(1));
        var twice = new StoreChange.AddCertificate(StoreSamples.Certificate(1));

        Conflict(twice);
    }

    [Fact]
    public async Task AddCertificate_SameSerialOfAnotherAuthority_IsAnother()
    {
        Commit(StoreSamples.Issuance(1));
        Commit(StoreSamples.Request(new StoreChange.AddAuthority(StoreSamples.AuthorityRecord("second"))));

        Commit(StoreSamples.Request(new StoreChange.AddCertificate(StoreSamples.Certificate(1, authority: "second"))));

        Assert.Equal("second", (await Certificates.FindAsync("second", StoreSamples.Serial(1), Cancelled))?.Certificate.Authority);
        Assert.Equal(2, await Certificates.CountAsync(Cancelled));
    }

    [Fact]
    public void AddCertificate_UnknownAuthorityOrAgent_Conflicts()
    {
        Conflict(new StoreChange.AddCertificate(StoreSamples.Certificate(1, authority: "nobody") with { AgentId = null }));
        Conflict(new StoreChange.AddCertificate(StoreSamples.Certificate(1)));
    }

    [Fact]
    public async Task Limits_AndOrder_NewestFirst()
    {
        Commit(StoreSamples.Issuance(1));
        for (var n = 2; n < 6; n++)
        {
            Commit(StoreSamples.Request(new StoreChange.AddCertificate(StoreSamples.Certificate(n, agent: 1, key: 1))));
        }

        var newest = new[] { StoreSamples.Serial(5), StoreSamples.Serial(4), StoreSamples.Serial(3) };
        Assert.Equal(newest, (await Certificates.ListByAgentAsync(StoreSamples.AgentId(1), 3, Cancelled)).Select(c => c.Certificate.Serial));
        Assert.Equal(newest, (await Certificates.ListByKeyAsync(StoreSamples.KeyFingerprint(1), 3, Cancelled)).Select(c => c.Certificate.Serial));
        Assert.Equal(newest, (await Certificates.ListAsync(3, Cancelled)).Select(c => c.Certificate.Serial));
    }

    [Fact]
    public async Task RegisterAgent_New_IsFoundAndListedNewestFirst()
    {
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1))));
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(2))));

        Assert.Equal(StoreSamples.Agent(1), await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(1), Cancelled));
        Assert.Equal([StoreSamples.Agent(2), StoreSamples.Agent(1)], await ((IAgentStore)Store).ListAsync(10, Cancelled));
        Assert.Equal([StoreSamples.Agent(2)], await ((IAgentStore)Store).ListAsync(1, Cancelled));
    }

    [Fact]
    public async Task RegisterAgent_KnownAndActive_ChangesNothing()
    {
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1))));

        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1) with { Profile = "other", Registered = StoreSamples.Now.AddDays(1) })));

        Assert.Equal(StoreSamples.Agent(1), await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(1), Cancelled));
    }

    [Fact]
    public void RegisterAgent_OfAnotherOwnerOrNotActive_Conflicts()
    {
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1))));
        Conflict(new StoreChange.RegisterAgent(StoreSamples.Agent(1) with { Owner = "team-b" }));

        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(1), AgentState.Suspended)));
        Conflict(new StoreChange.RegisterAgent(StoreSamples.Agent(1)));
    }

    [Fact]
    public async Task SetAgentState_IsIdempotent_AndConflictsWhenUnknown()
    {
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1))));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(1), AgentState.Retired)));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(1), AgentState.Retired)));

        Assert.Equal(AgentState.Retired, (await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(1), Cancelled))?.State);
        Conflict(new StoreChange.SetAgentState(StoreSamples.AgentId(2), AgentState.Active));
    }

    [Fact]
    public async Task BindHalf_KeyOfItsOwnOrHalfOfAnother_Conflicts_AndNeverBecomesAKey()
    {
        var (half, whole, other, own) = (StoreSamples.KeyFingerprint(1), StoreSamples.KeyFingerprint(2), StoreSamples.KeyFingerprint(3), StoreSamples.KeyFingerprint(4));
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1)), new StoreChange.BindKey(own, StoreSamples.AgentId(1))));
        Commit(StoreSamples.Request(new StoreChange.BindHalf(half, whole)));
        Commit(StoreSamples.Request(new StoreChange.BindHalf(half, whole)));

        Conflict(new StoreChange.BindHalf(half, other));
        Conflict(new StoreChange.BindHalf(own, whole));
        Conflict(new StoreChange.BindKey(half, StoreSamples.AgentId(1)));

        Assert.True(await Certificates.IsCompositeHalfAsync(half, Cancelled));
        Assert.False(await Certificates.IsCompositeHalfAsync(whole, Cancelled));
        Assert.Null((await Certificates.FindKeyAsync(half, Cancelled))?.AgentId);
    }

    [Fact]
    public async Task BindKey_AgainToTheSameAgent_Stands_ToAnother_Conflicts()
    {
        Commit(StoreSamples.Request(new StoreChange.RegisterAgent(StoreSamples.Agent(1)), new StoreChange.RegisterAgent(StoreSamples.Agent(2))));
        Commit(StoreSamples.Request(new StoreChange.BindKey(StoreSamples.KeyFingerprint(1), StoreSamples.AgentId(1))));
        Commit(StoreSamples.Request(new StoreChange.BindKey(StoreSamples.KeyFingerprint(1), StoreSamples.AgentId(1))));

        Conflict(new StoreChange.BindKey(StoreSamples.KeyFingerprint(1), StoreSamples.AgentId(2)));
        Conflict(new StoreChange.BindKey(StoreSamples.KeyFingerprint(2), StoreSamples.AgentId(3)));

        Assert.Equal(StoreSamples.AgentId(1), (await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(1), Cancelled))?.AgentId);
        Assert.Null((await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(2), Cancelled))?.AgentId);
    }
}
