using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using Xunit;

namespace AgentPki.Testing.Stores;

// The state machine of RFC 8555 §7.1.6, as the store enforces it.
public abstract partial class StoreContractTests<TStore>
{
    private IAcmeStore Acme => Store;

    [Fact]
    public async Task AddAcmeAccount_New_IsFoundByIdAndByKeyAsItWas()
    {
        var account = AddAccount(1) with { Contacts = ["mailto:a@example.test", "mailto:b@example.test"] };
        Step(new StoreChange.SetAcmeContacts(account.Id, account.Contacts));

        Assert.Equivalent(account, await Acme.FindAccountAsync(account.Id, Cancelled), strict: true);
        Assert.Equivalent(account, await Acme.FindAccountByKeyAsync(account.Thumbprint, Cancelled), strict: true);
        Assert.Null(await Acme.FindAccountAsync("nobody", Cancelled));
        Conflict(new StoreChange.AddAcmeAccount(account with { Id = "other" }));
    }

    [Fact]
    public async Task AddAcmeAccount_WithAnExternalKey_UsesItAsOftenAsItAllows()
    {
        var key = StoreSamples.AcmeExternalKey("kid", 1);
        Commit(StoreSamples.Request(new StoreChange.AddAcmeExternalKey(key)));
        Conflict(new StoreChange.AddAcmeExternalKey(key));
        Step(new StoreChange.AddAcmeAccount(StoreSamples.AcmeAccount(1) with { ExternalKey = "kid" }));

        Conflict(new StoreChange.AddAcmeAccount(StoreSamples.AcmeAccount(2) with { ExternalKey = "kid" }));
        Conflict(new StoreChange.AddAcmeAccount(StoreSamples.AcmeAccount(2) with { ExternalKey = "unknown" }));

        Assert.Equivalent(key with { Accounts = 1 }, await Acme.FindExternalKeyAsync("kid", Cancelled), strict: true);
        Assert.Null(await Acme.FindAccountAsync(StoreSamples.AcmeAccount(2).Id, Cancelled));
    }

    [Fact]
    public async Task RevokeAcmeExternalKey_IsIdempotent_AndEndsItsUse()
    {
        Commit(StoreSamples.Request(new StoreChange.AddAcmeExternalKey(StoreSamples.AcmeExternalKey("kid", null))));
        Step(new StoreChange.RevokeAcmeExternalKey("kid", StoreSamples.Now), new StoreChange.RevokeAcmeExternalKey("kid", StoreSamples.Now.AddDays(1)));

        Conflict(new StoreChange.RevokeAcmeExternalKey("other", StoreSamples.Now));
        Conflict(new StoreChange.AddAcmeAccount(StoreSamples.AcmeAccount(1) with { ExternalKey = "kid" }));
        Assert.Equal(StoreSamples.Now, Assert.Single(await Acme.ListExternalKeysAsync(Cancelled)).Revoked);
    }

    [Fact]
    public async Task RekeyAcmeAccount_OldKeyRight_MovesIt_ElseConflicts()
    {
        var (first, second) = (AddAccount(1), AddAccount(2));
        Conflict(new StoreChange.RekeyAcmeAccount(first.Id, first.Thumbprint, second.Thumbprint, second.Jwk));
        Conflict(new StoreChange.RekeyAcmeAccount(first.Id, second.Thumbprint, [9], [9]));
        Step(new StoreChange.RekeyAcmeAccount(first.Id, first.Thumbprint, [7], [8]));

        Assert.Null(await Acme.FindAccountByKeyAsync(first.Thumbprint, Cancelled));
        Assert.Equal(first.Id, (await Acme.FindAccountByKeyAsync(new byte[] { 7 }, Cancelled))?.Id);
    }

    [Fact]
    public async Task AddAcmeOrder_New_IsFoundAsItWas()
    {
        var order = AddOrder(1, "b.test", "a.test");

        var (found, authorization) = (await Acme.FindOrderAsync(order.Id, Cancelled), await Acme.FindAuthorizationAsync(order.Authorizations[1], Cancelled));
        Assert.Equal(order.Identifiers, found?.Identifiers);
        Assert.Equal(order.Authorizations, found?.Authorizations);
        Assert.Equal(order, found! with { Identifiers = order.Identifiers, Authorizations = order.Authorizations });
        var expected = StoreSamples.AcmeAuthorization(order, 1);
        Assert.Equal(expected.Seed, authorization?.Seed);
        Assert.Equal(expected, authorization! with { Seed = expected.Seed });
        Conflict(new StoreChange.AddAcmeOrder(order, []));
        Conflict(new StoreChange.AddAcmeOrder(order with { Id = "x", AccountId = "nobody" }, []));
    }

    [Fact]
    public void AddAcmeOrder_AuthorizationOfAnotherAccount_Conflicts()
    {
        var order = AddOrder(1, "a.test");
        Conflict(new StoreChange.AddAcmeOrder(StoreSamples.AcmeOrder(2, AddAccount(2).Id, "a.test") with { Authorizations = order.Authorizations }, []));
    }

    [Fact]
    public async Task SettleAcmeAuthorization_LastOfTheOrder_MakesItReady()
    {
        var order = AddOrder(1, "a.test", "b.test");
        Settle(order.Authorizations[0], null);
        Assert.Equal(AcmeOrderState.Pending, (await Acme.FindOrderAsync(order.Id, Cancelled))?.State);
        Settle(order.Authorizations[1], null);

        Assert.Equal(AcmeOrderState.Ready, (await Acme.FindOrderAsync(order.Id, Cancelled))?.State);
        var authorization = await Acme.FindValidAuthorizationAsync(order.AccountId, order.Identifiers[0], false, StoreSamples.Now, Cancelled);
        Assert.Equal(order.Authorizations[0], authorization?.Id);
        Assert.Equal("key=1", authorization?.Facts);
        Assert.Null(await Acme.FindValidAuthorizationAsync(order.AccountId, order.Identifiers[0], false, StoreSamples.Now.AddDays(2), Cancelled));
        Assert.Null(await Acme.FindValidAuthorizationAsync(order.AccountId, order.Identifiers[0], true, StoreSamples.Now, Cancelled));
    }

    [Fact]
    public async Task SpendProof_Twice_ConflictsUntilItHasEnded_AndTakesWhatCameWithItBack()
    {
        var order = AddOrder(1, "a.test");
        var (now, end) = (StoreSamples.Now, StoreSamples.Now.AddMinutes(10));
        Step(new StoreChange.SpendProof([1], end, now), new StoreChange.SpendProof([2], end, now), new StoreChange.AttemptAcmeChallenge(order.Authorizations[0], "tkauth-01", [], "x", now));
        var settle = new StoreChange.SettleAcmeAuthorization(order.Authorizations[0], "tkauth-01", null, null, now, now.AddDays(1));

        var conflict = Assert.IsType<CommitOutcome.Conflict>(Store.Apply([new CommitRequest(null, [settle, new StoreChange.SpendProof([1], end, end)])])[0]);
        Assert.IsType<StoreChange.SpendProof>(conflict.Change);
        Assert.Equal(AcmeAuthorizationState.Pending, (await Acme.FindAuthorizationAsync(order.Authorizations[0], Cancelled))?.State);
        Step(settle, new StoreChange.SpendProof([1], end.AddHours(1), end.AddMilliseconds(1)));
        Conflict(new StoreChange.SpendProof([1], end, end.AddMilliseconds(1)));
    }

    [Fact]
    public async Task SettleAcmeAuthorization_Failed_FailsItsOrders()
    {
        var order = AddOrder(1, "a.test", "b.test");
        Settle(order.Authorizations[0], "{}");

        Assert.Equal((AcmeOrderState.Invalid, "{}"), await Acme.FindOrderAsync(order.Id, Cancelled) is { } o ? (o.State, o.Error) : default);
        Assert.Equal(AcmeAuthorizationState.Invalid, (await Acme.FindAuthorizationAsync(order.Authorizations[0], Cancelled))?.State);
        Conflict(new StoreChange.FulfilAcmeOrder(order.Id, StoreSamples.Authority, StoreSamples.Serial(1)));
    }

    [Fact]
    public async Task AttemptAcmeChallenge_Twice_Conflicts_AndIsListedUntilSettled()
    {
        var order = AddOrder(1, "a.test");
        var id = order.Authorizations[0];
        Conflict(new StoreChange.SettleAcmeAuthorization(id, "http-01", null, null, StoreSamples.Now, StoreSamples.Now));
        Step(new StoreChange.AttemptAcmeChallenge(id, "http-01", [1, 2], "https://a.test/1", StoreSamples.Now));
        Conflict(new StoreChange.AttemptAcmeChallenge(id, "dns-01", [], "x", StoreSamples.Now));

        var attempted = Assert.Single(await Acme.ListAttemptedAsync(10, Cancelled));
        Assert.Equal((id, "http-01", StoreSamples.Now), (attempted.Id, attempted.Challenge, attempted.Attempted));
        Assert.Equal([1, 2], attempted.Payload);
        Assert.Equal("https://a.test/1", attempted.AccountUrl);
        Conflict(new StoreChange.SettleAcmeAuthorization(id, "dns-01", null, null, StoreSamples.Now, StoreSamples.Now));
        Step(new StoreChange.SettleAcmeAuthorization(id, "http-01", null, null, StoreSamples.Now, StoreSamples.Now));
        Conflict(new StoreChange.SettleAcmeAuthorization(id, "http-01", null, null, StoreSamples.Now, StoreSamples.Now));
        Assert.Empty(await Acme.ListAttemptedAsync(10, Cancelled));
    }

    [Fact]
    public async Task FulfilAcmeOrder_Twice_Conflicts_AndLeavesOneCertificate()
    {
        var order = ReadyOrder(1);
        var (first, second) = (Fulfilment(order.Id, 1), Fulfilment(order.Id, 2));

        var outcomes = Store.Apply([first, second]);

        Assert.IsType<CommitOutcome.Committed>(outcomes[0]);
        Assert.IsType<StoreChange.FulfilAcmeOrder>(Assert.IsType<CommitOutcome.Conflict>(outcomes[1]).Change);
        Assert.Equal(1, await Certificates.CountAsync(Cancelled));
        Assert.Equivalent(new AcmeCertificate(StoreSamples.Authority, StoreSamples.Serial(1)), (await Acme.FindOrderAsync(order.Id, Cancelled))?.Certificate, strict: true);
        Assert.Equal(order.Id, (await Acme.FindOrderOfAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled))?.Id);
        Assert.Null(await Acme.FindOrderOfAsync(StoreSamples.Authority, StoreSamples.Serial(2), Cancelled));
    }

    [Fact]
    public async Task ParkAcmeOrder_Ready_KeepsTheRequest()
    {
        var order = ReadyOrder(1);
        Step(new StoreChange.ParkAcmeOrder(order.Id, [3]));
        Conflict(new StoreChange.ParkAcmeOrder(order.Id, [4]));

        Assert.Equal((byte)3, Assert.Single((await Acme.FindOrderAsync(order.Id, Cancelled))?.Request ?? []));
        Step(new StoreChange.FailAcmeOrder(order.Id, "{}"));
        Conflict(new StoreChange.FailAcmeOrder(order.Id, "{}"));
    }

    [Fact]
    public async Task AddAcmeOrder_ReplacesWhatAnotherReplaces_ConflictsUnlessThatOneIsInvalid()
    {
        var first = AddOrder(1, "a.test") with { Replaces = "a.b" };
        var replacing = StoreSamples.AcmeOrder(2, first.AccountId, "a.test") with { Replaces = "a.b" };
        Step(new StoreChange.AddAcmeOrder(replacing, [StoreSamples.AcmeAuthorization(replacing, 0)]));
        var again = StoreSamples.AcmeOrder(3, first.AccountId, "a.test") with { Replaces = "a.b" };

        Conflict(new StoreChange.AddAcmeOrder(again, [StoreSamples.AcmeAuthorization(again, 0)]));
        Assert.Null(await Acme.FindAuthorizationAsync(again.Authorizations[0], Cancelled));
        Step(new StoreChange.FailAcmeOrder(replacing.Id, "{}"));
        Step(new StoreChange.AddAcmeOrder(again, [StoreSamples.AcmeAuthorization(again, 0)]));
    }

    [Fact]
    public async Task EndAcmeAccount_EndsWhatItBegan_AndIsEndedOnce()
    {
        var order = AddOrder(1, "a.test");
        Step(new StoreChange.EndAcmeAccount(order.AccountId, AcmeAccountState.Deactivated));

        Assert.Equal(AcmeOrderState.Invalid, (await Acme.FindOrderAsync(order.Id, Cancelled))?.State);
        Assert.Equal(AcmeAuthorizationState.Deactivated, (await Acme.FindAuthorizationAsync(order.Authorizations[0], Cancelled))?.State);
        Conflict(new StoreChange.EndAcmeAccount(order.AccountId, AcmeAccountState.Revoked));
        Conflict(new StoreChange.SetAcmeContacts(order.AccountId, []));
        Conflict(new StoreChange.AddAcmeOrder(StoreSamples.AcmeOrder(2, order.AccountId, "a.test"), []));
    }

    [Fact]
    public async Task DeactivateAcmeAuthorization_FailsPendingAndReadyOrders_AndIsDoneOnce()
    {
        var (order, ready) = (AddOrder(1, "a.test"), ReadyOrder(2));
        Step(new StoreChange.DeactivateAcmeAuthorization(order.Authorizations[0], "{}"));
        Step(new StoreChange.DeactivateAcmeAuthorization(ready.Authorizations[0], "{}"));

        Assert.Equal(AcmeOrderState.Invalid, (await Acme.FindOrderAsync(order.Id, Cancelled))?.State);
        Assert.Equal(AcmeOrderState.Invalid, (await Acme.FindOrderAsync(ready.Id, Cancelled))?.State);
        Conflict(new StoreChange.DeactivateAcmeAuthorization(order.Authorizations[0], "{}"));
        Conflict(new StoreChange.AttemptAcmeChallenge(order.Authorizations[0], "http-01", [], "x", StoreSamples.Now));
    }

    [Fact]
    public async Task DeactivateAcmeAuthorization_OfAnOrderThatWaits_EndsItWithTheReason()
    {
        var order = ReadyOrder(1);
        Step(new StoreChange.ParkAcmeOrder(order.Id, [3]));
        Step(new StoreChange.DeactivateAcmeAuthorization(order.Authorizations[0], "{\"x\":1}"));

        Assert.Equal((AcmeOrderState.Invalid, "{\"x\":1}"), await Acme.FindOrderAsync(order.Id, Cancelled) is { } found ? (found.State, found.Error) : default);
        Assert.IsType<CommitOutcome.Conflict>(Store.Apply([Fulfilment(order.Id, 1)])[0]);
    }

    [Fact]
    public async Task SettleAcmeAuthorization_Valid_NoOrderOutlastsIt()
    {
        var order = AddOrder(1, "a.test", "b.test");
        Settle(order.Authorizations[0], null);
        Assert.Equal(StoreSamples.Now.AddDays(1), (await Acme.FindOrderAsync(order.Id, Cancelled))?.Expires);
        Step(
            new StoreChange.AttemptAcmeChallenge(order.Authorizations[1], "http-01", [], "x", StoreSamples.Now),
            new StoreChange.SettleAcmeAuthorization(order.Authorizations[1], "http-01", null, null, StoreSamples.Now, StoreSamples.Now.AddDays(3)));
        Assert.Equal((AcmeOrderState.Ready, StoreSamples.Now.AddDays(1)), await Acme.FindOrderAsync(order.Id, Cancelled) is { } found ? (found.State, found.Expires) : default);
    }

    [Fact]
    public async Task AddAcmeOrder_ReplacesWhatAnExpiredOneReplaces_EndsThatOne()
    {
        var account = AddAccount(1).Id;
        var first = StoreSamples.AcmeOrder(2, account, "a.test") with { Replaces = "a.b" };
        Step(new StoreChange.AddAcmeOrder(first, [StoreSamples.AcmeAuthorization(first, 0)]));
        var second = StoreSamples.AcmeOrder(3, account, "a.test") with { Replaces = "a.b", Created = first.Expires.AddMilliseconds(-1) };
        Conflict(new StoreChange.AddAcmeOrder(second, [StoreSamples.AcmeAuthorization(second, 0)]));
        Assert.Equal(AcmeOrderState.Pending, (await Acme.FindOrderAsync(first.Id, Cancelled))?.State);
        Step(new StoreChange.AddAcmeOrder(second with { Created = first.Expires }, [StoreSamples.AcmeAuthorization(second, 0)]));
        Assert.Equal(AcmeOrderState.Invalid, (await Acme.FindOrderAsync(first.Id, Cancelled))?.State);
    }

    [Fact]
    public async Task AddAcmeOrder_ReplacesWhatAWaitingOneReplaces_ConflictsHoweverOldThatIs()
    {
        var order = AddOrder(1, "a.test");
        var first = StoreSamples.AcmeOrder(2, order.AccountId, "a.test") with { Replaces = "a.b", Authorizations = order.Authorizations, State = AcmeOrderState.Ready };
        Step(new StoreChange.AddAcmeOrder(first, []), new StoreChange.ParkAcmeOrder(first.Id, [1]));
        var second = StoreSamples.AcmeOrder(3, order.AccountId, "a.test") with { Replaces = "a.b", Created = first.Expires.AddDays(1) };
        Conflict(new StoreChange.AddAcmeOrder(second, [StoreSamples.AcmeAuthorization(second, 0)]));
        Assert.Equal(AcmeOrderState.Processing, (await Acme.FindOrderAsync(first.Id, Cancelled))?.State);
    }

    [Fact]
    public async Task PruneAcme_OrderThatWaits_StaysWithItsAuthorizationsForLonger()
    {
        var order = ReadyOrder(1);
        Step(new StoreChange.ParkAcmeOrder(order.Id, [3]));
        Step(new StoreChange.PruneAcme(StoreSamples.Now.AddDays(8), StoreSamples.Now, 100));
        Assert.Equal(order.Authorizations, (await Acme.FindOrderAsync(order.Id, Cancelled))?.Authorizations);
        Assert.NotNull(await Acme.FindAuthorizationAsync(order.Authorizations[0], Cancelled));

        Step(new StoreChange.PruneAcme(StoreSamples.Now.AddDays(8), StoreSamples.Now.AddDays(8), 100));
        Assert.Null(await Acme.FindOrderAsync(order.Id, Cancelled));
        Assert.Null(await Acme.FindAuthorizationAsync(order.Authorizations[0], Cancelled));
    }

    [Fact]
    public async Task ListOrders_AreNewestFirst_PageByPage_WithoutInvalidOnes()
    {
        var account = AddAccount(1).Id;
        var orders = Enumerable.Range(1, 4).Select(n => StoreSamples.AcmeOrder(n, account, "a.test")).ToList();
        orders.ForEach(o => Step(new StoreChange.AddAcmeOrder(o, [StoreSamples.AcmeAuthorization(o, 0)])));
        Step(new StoreChange.FailAcmeOrder(orders[1].Id, "{}"));

        Assert.Equal([orders[3].Id, orders[2].Id], await Acme.ListOrdersAsync(account, null, null, 2, Cancelled));
        Assert.Equal([orders[0].Id], await Acme.ListOrdersAsync(account, orders[2].Id, null, 2, Cancelled));
    }

    [Fact]
    public async Task ListOrders_AfterOneThatIsGone_GoOnWithWhatIsOlder()
    {
        var (account, other) = (AddAccount(1).Id, AddAccount(2).Id);
        var orders = Enumerable.Range(1, 4).Select(n => StoreSamples.AcmeOrder(n, account, "a.test") with { Created = StoreSamples.Now.AddMinutes(n) }).ToList();
        orders.ForEach(o => Step(new StoreChange.AddAcmeOrder(o, [StoreSamples.AcmeAuthorization(o, 0)])));
        var foreign = StoreSamples.AcmeOrder(9, other, "a.test");
        Step(new StoreChange.AddAcmeOrder(foreign, [StoreSamples.AcmeAuthorization(foreign, 0)]));

        Assert.Equal([orders[1].Id, orders[0].Id], await Acme.ListOrdersAsync(account, "gone", StoreSamples.Now.AddMinutes(3), 5, Cancelled));
        Assert.Empty(await Acme.ListOrdersAsync(account, "gone", null, 5, Cancelled));
        Assert.Empty(await Acme.ListOrdersAsync(account, foreign.Id, null, 5, Cancelled));
    }

    [Fact]
    public async Task AcmeIncident_OpenedAndEndedOnce_IsListedNewestFirst()
    {
        var first = new AcmeIncident("one", "issuing", null, "why", "https://a.test/", StoreSamples.Now, StoreSamples.Now.AddDays(1), null);
        var second = new AcmeIncident("two", null, "agent", "why", null, StoreSamples.Now, StoreSamples.Now.AddDays(1), null);
        Step(new StoreChange.AddAcmeIncident(first));
        Step(new StoreChange.AddAcmeIncident(second));
        Conflict(new StoreChange.AddAcmeIncident(first));
        Conflict(new StoreChange.EndAcmeIncident("three", StoreSamples.Now));
        Step(new StoreChange.EndAcmeIncident("one", StoreSamples.Now.AddHours(1)));
        Conflict(new StoreChange.EndAcmeIncident("one", StoreSamples.Now.AddHours(2)));

        Assert.Equal([second, first with { Ended = StoreSamples.Now.AddHours(1) }], await Acme.ListIncidentsAsync(10, Cancelled));
        Assert.Equal([second], await Acme.ListIncidentsAsync(1, Cancelled));
    }

    [Fact]
    public async Task PruneAcme_RemovesWhatEndedWithoutACertificate()
    {
        var (old, kept) = (AddOrder(1, "a.test"), ReadyOrder(2));
        Store.Apply([Fulfilment(kept.Id, 1)]);
        Step(new StoreChange.PruneAcme(StoreSamples.Now.AddDays(8), StoreSamples.Now.AddDays(8), 100));

        Assert.Null(await Acme.FindOrderAsync(old.Id, Cancelled));
        Assert.Null(await Acme.FindAuthorizationAsync(old.Authorizations[0], Cancelled));
        Assert.Empty((await Acme.FindOrderAsync(kept.Id, Cancelled))!.Authorizations);
        Assert.Equal(kept.Id, (await Acme.FindOrderOfAsync(StoreSamples.Authority, StoreSamples.Serial(1), Cancelled))?.Id);
        Assert.Null(await Acme.FindAuthorizationAsync(kept.Authorizations[0], Cancelled));
    }

    [Fact]
    public async Task Apply_WithoutAnEntry_AddsNoLeaf_AndShieldsItsNeighbours()
    {
        var before = (await Ledger.HeadAsync(Cancelled)).Size;
        var account = new StoreChange.AddAcmeAccount(StoreSamples.AcmeAccount(1));

        var outcomes = Store.Apply([new CommitRequest(null, [account]), new CommitRequest(null, [account]), StoreSamples.Request()]);

        Assert.Equal(-1, Assert.IsType<CommitOutcome.Committed>(outcomes[0]).LeafIndex);
        Assert.IsType<CommitOutcome.Conflict>(outcomes[1]);
        Assert.Equal(before, Assert.IsType<CommitOutcome.Committed>(outcomes[2]).LeafIndex);
        Assert.Equal(before + 1, (await Ledger.HeadAsync(Cancelled)).Size);
    }

    private AcmeAccount AddAccount(int n)
    {
        var account = StoreSamples.AcmeAccount(n);
        Step(new StoreChange.AddAcmeAccount(account));
        return account;
    }

    private AcmeOrder AddOrder(int n, params string[] names)
    {
        var order = StoreSamples.AcmeOrder(n, AddAccount(n).Id, names);
        Step(new StoreChange.AddAcmeOrder(order, [.. names.Select((_, i) => StoreSamples.AcmeAuthorization(order, i))]));
        return order;
    }

    private AcmeOrder ReadyOrder(int n)
    {
        var order = AddOrder(n, $"{n}.test");
        Settle(order.Authorizations[0], null);
        return order;
    }

    private void Settle(string authorization, string? error) => Step(
        new StoreChange.AttemptAcmeChallenge(authorization, "http-01", [], "x", StoreSamples.Now),
        new StoreChange.SettleAcmeAuthorization(authorization, "http-01", error, error is null ? "key=1" : null, StoreSamples.Now, StoreSamples.Now.AddDays(1)));

    private static CommitRequest Fulfilment(string order, int n)
    {
        var issuance = StoreSamples.Issuance(n);
        return issuance with { Changes = issuance.Changes.Add(new StoreChange.FulfilAcmeOrder(order, StoreSamples.Authority, StoreSamples.Serial(n))) };
    }

    private void Step(params StoreChange[] changes) => Assert.Equal(-1, Commit(new CommitRequest(null, [.. changes])).LeafIndex);
}
