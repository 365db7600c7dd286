using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using Xunit;

namespace AgentPki.Testing.Stores;

// Keys that are blocked, second keys, holds, and what a decision rests on.
public abstract partial class StoreContractTests<TStore>
{
    [Fact]
    public void RequireGood_RevokedHeldOrUnknown_ConflictsAndNothingIsWritten()
    {
        Store.Apply([.. Enumerable.Range(1, 2).Select(StoreSamples.Issuance)]);
        var one = RevocationSelector.Of(StoreSamples.Authority, StoreSamples.Serial(1));
        Commit(StoreSamples.Request(Good(1)));
        Commit(Set(one, RevocationReason.CertificateHold));
        Conflict(Good(1));
        var (first, issuance) = (Good(1), StoreSamples.Issuance(3));
        Conflict(first, issuance with { Changes = [.. issuance.Changes, first] });
        Commit(StoreSamples.Request(new StoreChange.ReleaseSet(one, StoreSamples.Now)));
        Commit(StoreSamples.Request(Good(1)));
        Commit(Set(one, RevocationReason.Superseded));
        Conflict(Good(1));
        Conflict(Good(99));
        Conflict(new StoreChange.RequireGood("nobody", StoreSamples.Serial(2)));
        Commit(issuance with { Changes = [.. issuance.Changes, Good(2)] });
    }

    [Fact]
    public async Task AlternativeKey_IsSelectedBlockedAndFoundAsTheFirst()
    {
        Commit(Pair(1, second: 101));
        Commit(Pair(2, second: 102));
        Assert.Equal(StoreSamples.KeyFingerprint(101), (await Certificates.FindAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled))!.Certificate.AlternativeKeyFingerprint);
        Assert.Equal(StoreSamples.Serial(1), Assert.Single(await Certificates.ListByKeyAsync(StoreSamples.KeyFingerprint(101), 10, Cancelled)).Certificate.Serial);

        // By the second key alone; both of the certificate's keys are blocked.
        var revoked = Commit(Set(new RevocationSelector { KeyFingerprint = StoreSamples.KeyFingerprint(101) }, RevocationReason.KeyCompromise));
        Assert.Equal((1, 2), (revoked.Selected!.Count, revoked.Selected.Keys));
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(2));
        Commit(StoreSamples.Revocation(2));
        foreach (var key in new[] { 1, 101, 2, 102 })
        {
            Assert.Equal(RevocationReason.KeyCompromise, (await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(key), Cancelled))!.Blocked);
            Conflict(new StoreChange.BindKey(StoreSamples.KeyFingerprint(key), StoreSamples.AgentId(1)));
        }

        // Half of a composite that is the second key.
        Commit(Pair(3, second: 103));
        Commit(StoreSamples.Request(new StoreChange.BindHalf(StoreSamples.KeyFingerprint(203), StoreSamples.KeyFingerprint(103))));
        Assert.Equal(1, Commit(Set(new RevocationSelector { KeyFingerprint = StoreSamples.KeyFingerprint(203) }, RevocationReason.Superseded)).Selected!.Count);
    }

    [Fact]
    public async Task AddCertificate_BlockedKey_Conflicts_OfTheApplianceToo()
    {
        Commit(Set(new RevocationSelector { KeyFingerprint = StoreSamples.KeyFingerprint(7) }, RevocationReason.KeyCompromise));
        foreach (var certificate in new[] { Own(1, key: 7), Own(1, key: 8) with { AlternativeKeyFingerprint = StoreSamples.KeyFingerprint(7) } })
        {
            var change = new StoreChange.AddCertificate(certificate);
            Assert.True(ConflictReasons.SaysKeyIsBlocked(Conflict(change, Added(change)).Reason));
        }

        // In one batch: certified, blocked, and not certified once more.
        var again = new StoreChange.AddCertificate(Own(3, key: 9));
        var outcomes = Store.Apply([Added(new(Own(2, key: 9))), Set(new RevocationSelector { KeyFingerprint = StoreSamples.KeyFingerprint(9) }, RevocationReason.PrivilegeWithdrawn), Added(again)]);
        Assert.IsType<CommitOutcome.Committed>(outcomes[0]);
        Assert.IsType<CommitOutcome.Committed>(outcomes[1]);
        Assert.IsType<CommitOutcome.Conflict>(outcomes[2]);
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(2));
    }

    [Fact]
    public async Task RevokeSet_CompromiseLearntLater_BlocksKeysOfWhatIsRevokedOrEnded()
    {
        var ended = StoreSamples.Certificate(2, agent: 1) with { NotAfter = StoreSamples.Now.AddHours(-1) };
        Store.Apply([StoreSamples.Issuance(1), Added(new(ended)), StoreSamples.Issuance(3)]);
        Commit(Set(RevocationSelector.Of(StoreSamples.Authority, StoreSamples.Serial(1)), RevocationReason.Superseded));

        var compromised = Commit(Set(new RevocationSelector { Agent = StoreSamples.AgentId(1) }, RevocationReason.KeyCompromise));

        Assert.Equal((1, 0, 2), (compromised.Epoch, compromised.Selected!.Count, compromised.Selected.Keys));
        Assert.Equal(RevocationReason.KeyCompromise, (await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(1), Cancelled))!.Blocked);
        Assert.Equal(RevocationReason.KeyCompromise, (await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(2), Cancelled))!.Blocked);
        Assert.Null((await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(3), Cancelled))!.Blocked);
        Assert.Equal(RevocationReason.Superseded, (await StatusAsync(1) as CertificateStatus.Revoked)?.Reason);
        Assert.IsType<CertificateStatus.Good>(await StatusAsync(2));

        Commit(Set(RevocationSelector.Of(StoreSamples.Authority, StoreSamples.Serial(3)), RevocationReason.Superseded));
        Commit(StoreSamples.Revocation(3));
        Assert.Equal(RevocationReason.KeyCompromise, (await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(3), Cancelled))!.Blocked);
        Assert.Equal(2, await Certificates.RevocationEpochAsync(Cancelled));
    }

    [Fact]
    public async Task RevokeSet_WideConditions_BlockNoKeyOfWhatHasEnded()
    {
        var ended = StoreSamples.Certificate(2, agent: 1) with { NotAfter = StoreSamples.Now.AddHours(-1) };
        Store.Apply([StoreSamples.Issuance(1), Added(new(ended))]);
        Assert.Equal(1, Commit(Set(new RevocationSelector { Authority = StoreSamples.Authority }, RevocationReason.PrivilegeWithdrawn)).Selected!.Keys);
        Assert.NotNull((await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(1), Cancelled))!.Blocked);
        Assert.Null((await Certificates.FindKeyAsync(StoreSamples.KeyFingerprint(2), Cancelled))!.Blocked);
    }

    [Fact]
    public async Task ReleaseSet_AgentsStoppedForSomethingElse_StayStopped()
    {
        Store.Apply([.. Enumerable.Range(1, 5).Select(StoreSamples.Issuance)]);
        Commit(Set(Of(1), RevocationReason.KeyCompromise, AgentState.Suspended));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(2), AgentState.Suspended)));
        Assert.Equal(3, Commit(Set(OfTeam, RevocationReason.CertificateHold, AgentState.Suspended)).Selected!.Agents);
        var held = await Task.WhenAll(Enumerable.Range(1, 5).Select(async n => (await AgentAsync(n)).IsHeld));
        Assert.Equal([false, false, true, true, true], held);

        // What happens to held ones meanwhile: a compromise, and somebody who suspends by hand.
        Commit(Set(Of(3), RevocationReason.KeyCompromise, AgentState.Suspended));
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(4), AgentState.Suspended)));
        var released = Commit(StoreSamples.Request(new StoreChange.ReleaseSet(OfTeam, StoreSamples.Now, Agents: true)));

        Assert.Equal((3, 1), (released.Selected!.Count, released.Selected.Agents));
        Assert.Equal(
            [AgentState.Suspended, AgentState.Suspended, AgentState.Suspended, AgentState.Suspended, AgentState.Active],
            await Task.WhenAll(Enumerable.Range(1, 5).Select(async n => (await AgentAsync(n)).State)));
        Assert.False((await AgentAsync(5)).IsHeld);
    }

    [Fact]
    public async Task Parent_UnknownForeignOrNotActive_Conflicts()
    {
        Store.Apply([.. Enumerable.Range(1, 3).Select(StoreSamples.Issuance)]);
        Commit(StoreSamples.Request(new StoreChange.SetAgentState(StoreSamples.AgentId(2), AgentState.Suspended)));
        Conflict(Parent(3, 2));
        Conflict(Registered(StoreSamples.AgentId(2)));
        Conflict(Registered(StoreSamples.AgentId(99)));
        Conflict(new StoreChange.RegisterAgent(StoreSamples.Agent(9) with { Owner = "team-b", Parent = StoreSamples.AgentId(1) }));
        Commit(StoreSamples.Request(Registered(StoreSamples.AgentId(1))));
        Assert.Equal(StoreSamples.AgentId(1), (await AgentAsync(9)).Parent);

        static StoreChange.RegisterAgent Registered(string parent) => new(StoreSamples.Agent(9) with { Parent = parent });
    }

    private static StoreChange.RequireGood Good(int n) => new(StoreSamples.Authority, StoreSamples.Serial(n));

    private static RevocationSelector Of(int agent) => new() { Agent = StoreSamples.AgentId(agent) };

    private static CertificateRecord Own(int n, int key) => StoreSamples.Certificate(n, key: key) with { AgentId = null };

    private static CommitRequest Added(StoreChange.AddCertificate change) =>
        StoreSamples.Request(LedgerEntryKind.CertificateIssued, LedgerFacts.OfCertificate(change.Certificate.Authority, change.Certificate.Serial, change.Certificate.Der), change);

    /// <summary>A certificate about two keys.</summary>
    private static CommitRequest Pair(int n, int second)
    {
        var certificate = StoreSamples.Certificate(n) with { AlternativeKeyFingerprint = StoreSamples.KeyFingerprint(second) };
        var added = Added(new(certificate));
        return added with
        {
            Changes =
            [
                .. added.Changes,
                new StoreChange.RegisterAgent(StoreSamples.Agent(n)),
                new StoreChange.BindKey(certificate.KeyFingerprint, StoreSamples.AgentId(n)),
                new StoreChange.BindKey(certificate.AlternativeKeyFingerprint, StoreSamples.AgentId(n)),
            ],
        };
    }

    private async Task<AgentRecord> AgentAsync(int n) => (await ((IAgentStore)Store).FindAsync(StoreSamples.AgentId(n), Cancelled))!;
}
