using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony;

public sealed class OfficerChangeTests
{
    private const string Begin = """
          - { step: initialise-token, token: main }
          - { step: ledger-key }
        """;

    [Fact]
    public async Task RunAsync_OfficerReplaced_OldSharesOpenNothing_AndTheNewOnesDecide()
    {
        using var ceremony = await BegunAsync();
        var (pin, officerPin) = (ceremony.Home.FindSealedPin("main", false)!, ceremony.Home.FindSealedPin("main", true)!);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync("""
              - { step: officer-change, add: dave.officer, remove: carol }
            """));
        Assert.Empty(ceremony.Room.Warnings);
        Assert.DoesNotContain(ceremony.Verify().Findings, f => f.IsProblem);
        Assert.Equal(["alice", "bob", "dave"], ceremony.Home.FindRoster()!.Officers.Select(o => o.Name));
        Assert.NotEqual(pin.Id, ceremony.Home.FindSealedPin("main", false)!.Id);
        Assert.NotEqual(officerPin.Id, ceremony.Home.FindSealedPin("main", true)!.Id);
        Assert.Null(ceremony.Home.FindNextPin("main", false));
        Assert.Equal(2, await ceremony.EntriesAsync(LedgerEntryKind.OfficersChanged));

        // Those of before are refused, those of now open the token.
        var refused = await Assert.ThrowsAsync<CeremonyException>(() => ceremony.RunAgainAsync(Begin));
        Assert.Contains("the officers of this appliance are alice, bob, dave", refused.Message, StringComparison.OrdinalIgnoreCase);
        ceremony.Officers = ceremony.Officers.With("dave").Without("carol");
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync("  - { step: ledger-key }\n"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task ResumeAsync_CutOffAfterTheTokenTookAPin_GoesOn(int changes)
    {
        using var ceremony = await BegunAsync();
        var left = changes;
        ceremony.Home.AfterChange = () => _ = left-- == 0 ? throw new IOException("the power went") : 0;
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAgainAsync("  - { step: officer-change, add: dave.officer, remove: carol }\n"));
        Assert.Equal(["alice", "bob", "carol"], ceremony.Home.FindRoster()!.Officers.Select(o => o.Name));
        ceremony.Home.AfterChange = null;
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.ResumeAsync());
        Assert.DoesNotContain(ceremony.Verify().Findings, f => f.IsProblem);
        ceremony.Officers = ceremony.Officers.With("dave").Without("carol");
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync("  - { step: ledger-key }\n"));
    }

    [Theory]
    [InlineData("remove: carol, new-quorum: 3", "2 officers would stay, and 3 must sign")]
    [InlineData("remove: mallory", "'mallory' is no officer")]
    [InlineData("add: alice.officer", "That makes no roster")]
    public async Task RunAsync_ImpossibleChange_ChangesNothing(string fields, string reason)
    {
        using var ceremony = await BegunAsync();
        var pin = ceremony.Home.FindSealedPin("main", false)!.Id;
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAgainAsync($"  - {{ step: officer-change, {fields} }}\n"));
        Assert.Contains(reason, Assert.Single(ceremony.Room.Warnings), StringComparison.Ordinal);
        Assert.Equal(pin, ceremony.Home.FindSealedPin("main", false)!.Id);
    }

    [Fact]
    public async Task RunAsync_RosterFileExchanged_IsNoticedByTheLedger()
    {
        using var ceremony = await BegunAsync();
        var thieves = await TestOfficers.CreateAsync(2, "alice", "bob", "eve");
        ceremony.Home.KeepRoster(thieves.Roster);
        ceremony.Home.KeepSealedPin("main", false, await Authority.Ceremony.Quorum.SealedSecret.SealAsync(await ceremony.PinAsync(), "user PIN", thieves.Roster, TestOfficers.Software, default));
        ceremony.Officers = ceremony.Room.Everybody = thieves;
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAgainAsync("  - { step: ledger-key }\n"));
        Assert.Contains("not those that the ledger has", Assert.Single(ceremony.Room.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_KeyDestroyed_OnlyTheOneThatIsNamed()
    {
        using var ceremony = await BegunAsync();
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync("  - { step: root-ca, subject: \"CN=Old Root\" }\n"));
        var key = ceremony.Verify().Records.First(r => r.Kind == RecordKinds.Key)["public-key-sha256"]!;
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAgainAsync($"  - {{ step: key-destroy, label: root-ca, public-key-sha256: {new string('0', 64)} }}\n"));
        Assert.Equal(CeremonyOutcome.Stopped, await ceremony.RunAgainAsync($"  - {{ step: key-destroy, label: root-ca, public-key-sha256: {key} }}\n"));
        Assert.Contains("still-used", ceremony.Room.Warnings[^1], StringComparison.Ordinal);
        Assert.Empty(ceremony.Home.Destroyed);
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync($"  - {{ step: key-destroy, label: root-ca, public-key-sha256: {key}, still-used: yes }}\n"));
        Assert.Equal(["root-ca"], ceremony.Home.Destroyed);
        Assert.Equal(1, await ceremony.EntriesAsync(LedgerEntryKind.KeyDestroyed));
    }

    [Fact]
    public async Task RunAsync_CompositeKeyDestroyed_BothHalvesAreGone()
    {
        using var ceremony = await BegunAsync();
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync("  - { step: root-ca, subject: \"CN=Old Root\", algorithm: mldsa44-ecdsa-p256 }\n"));
        var records = ceremony.Verify().Records.Where(r => r.Kind == RecordKinds.Key).ToList();
        Assert.Equal(["root", "root, ml-dsa-44 half", "root, ecdsa-p256 half"], records.Select(r => r["owner"]));
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAgainAsync($"  - {{ step: key-destroy, label: root-ca, public-key-sha256: {records[0]["public-key-sha256"]}, still-used: yes }}\n"));
        Assert.Equal(records.Skip(1).Select(r => r["label"]), ceremony.Home.Destroyed);
    }

    private static async Task<TestCeremony> BegunAsync()
    {
        var all = await TestOfficers.CreateAsync(2, "alice", "bob", "carol", "dave");
        var ceremony = new TestCeremony(all.Without("dave"), TimeProvider.System);
        File.WriteAllBytes(ceremony.PathOf("dave.officer"), all.Roster.Find("dave")!.Encode());
        ceremony.Room.Everybody = all;
        Assert.Equal(CeremonyOutcome.Closed, await ceremony.RunAsync(ceremony.Plan(Begin)));
        return ceremony;
    }
}
