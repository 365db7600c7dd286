using System.Diagnostics;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger;
using Xunit;

namespace AgentPki.Storage.Tests.Migration;

/// <summary>Two campaigns one after the other over a whole fleet, with a death in the middle of each and one share rolled back.</summary>
public sealed class FleetMigrationTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    [Fact]
    public Task Fleet_SmallClassicalToMlDsa_EndsWithOneLiveCertificateEach() => RunAsync(60, KeyAlgorithm.EcdsaP384, KeyAlgorithm.MlDsa65);

    [Fact]
    [Trait("tier", "full")]
    public Task Fleet_TenThousandThroughCompositeToMlDsa_EndsWithOneLiveCertificateEach() => RunAsync(
        int.Parse(Environment.GetEnvironmentVariable("AGENTPKI_FLEET") ?? "10000", System.Globalization.CultureInfo.InvariantCulture),
        KeyAlgorithm.MlDsa65EcdsaP256,
        KeyAlgorithm.MlDsa65,
        new CompositeProvider(new PlatformProvider(), new BouncyCastleProvider()));

    private async Task RunAsync(int agents, KeyAlgorithm middle, KeyAlgorithm last, params ICryptoProvider[] more)
    {
        var clock = Stopwatch.StartNew();
        await using var fleet = await Fleet.StartAsync(agents, more);
        Print(clock, $"{agents} agents enrolled with {KeyAlgorithm.EcdsaP256}");

        // 1. A quarter. Whoever is outside keeps what it has.
        await fleet.CommandAsync(fleet.Migrations.StartAsync(Draft("to-middle", KeyAlgorithm.EcdsaP256, middle, share: 2500), "admin:test", "c", default));
        var quarter = Covered(fleet, "to-middle", 2500);
        Assert.Equal(quarter, await fleet.PollAsync());
        Assert.Equal(0, await fleet.PollAsync());
        Assert.Equal((quarter, agents - quarter), await CountAsync(fleet, "to-middle", MemberState.InUse, MemberState.Selected));
        Print(clock, $"{quarter} of them moved to {middle}");

        // 2. Three quarters; the appliance dies while they enrol, and again while it retires.
        await fleet.CommandAsync(fleet.Migrations.EnlargeShareAsync("to-middle", 7500, "admin:test", "c", default));
        var most = Covered(fleet, "to-middle", 7500);
        fleet.DieAfter((most - quarter) / 2);
        await fleet.PollAsync();
        await fleet.ComeBackAsync();
        var known = await fleet.ProgressAsync("to-middle");
        Assert.Equal(most, known.Of(MemberState.Switched, MemberState.Issued, MemberState.InUse));
        Assert.InRange(known.Of(MemberState.Switched), 1, most - quarter);
        await fleet.PollAsync();
        await fleet.PollAsync();
        Assert.Equal(most, (await fleet.ProgressAsync("to-middle")).Of(MemberState.InUse));
        fleet.DieAfter(0);
        await Assert.ThrowsAsync<StoreUnavailableException>(fleet.GraceAsync);
        await fleet.ComeBackAsync();
        await fleet.Migrations.AdvanceAsync(default);
        Assert.Equal(most, (await fleet.ProgressAsync("to-middle")).Of(MemberState.Retired));
        Print(clock, $"{most} moved, their old certificates retired, over two deaths");

        // 3. Back to half: the last share returns, and loses the new certificate only after the old kind is in use.
        await fleet.CommandAsync(fleet.Migrations.RollBackAsync("to-middle", 5000, "admin:test", "c", default));
        var half = Covered(fleet, "to-middle", 5000);
        Assert.Equal((most - half, half), await CountAsync(fleet, "to-middle", MemberState.Returning, MemberState.Retired));
        Assert.Equal(most - half, await fleet.PollAsync());
        Assert.Equal(most - half, (await fleet.ProgressAsync("to-middle")).Of(MemberState.Returned));
        await fleet.GraceAsync();
        Assert.Equal((agents - half, half), await CountAsync(fleet, "to-middle", MemberState.Selected, MemberState.Retired));
        await AssertOneLiveAsync(fleet, agent => CampaignShare.PositionOf("to-middle", agent.Id) < 5000 ? middle : KeyAlgorithm.EcdsaP256);
        Print(clock, $"rolled back to {half}");

        // 4. Everybody, to the end.
        await fleet.CommandAsync(fleet.Migrations.EnlargeShareAsync("to-middle", CampaignRecord.Whole, "admin:test", "c", default));
        Assert.Equal(agents - half, await fleet.PollAsync());
        await fleet.GraceAsync();
        Assert.Equal(CampaignState.Completed, (await fleet.ProgressAsync("to-middle")).Campaign.State);
        await AssertOneLiveAsync(fleet, _ => middle);
        Print(clock, $"all at {middle}");

        // 5. The next campaign begins where this one ended; it dies once, too.
        await fleet.CommandAsync(fleet.Migrations.StartAsync(Draft("to-last", middle, last), "admin:test", "c", default));
        fleet.DieAfter(agents);
        await fleet.PollAsync();
        await fleet.ComeBackAsync();
        await fleet.PollAsync();
        await fleet.PollAsync();
        await fleet.GraceAsync();
        Assert.Equal((CampaignState.Completed, agents), ((await fleet.ProgressAsync("to-last")).Campaign.State, (await fleet.ProgressAsync("to-last")).Of(MemberState.Retired)));
        await AssertOneLiveAsync(fleet, _ => last);
        Print(clock, $"all at {last}");

        await AssertLedgerAsync(fleet, agents);
        Print(clock, "ledger verified");
    }

    private static CampaignDraft Draft(string name, KeyAlgorithm from, KeyAlgorithm to, int share = CampaignRecord.Whole) =>
        new(name, new CampaignSelector([from], ["team-a"], ["agent"]), new CampaignTarget(to, null), share, Grace: Grace);

    private static int Covered(Fleet fleet, string campaign, int share) => fleet.Agents.Count(a => CampaignShare.PositionOf(campaign, a.Id) < share);

    private static async Task<(int First, int Second)> CountAsync(Fleet fleet, string campaign, MemberState first, MemberState second)
    {
        var progress = await fleet.ProgressAsync(campaign);
        return (progress.Of(first), progress.Of(second));
    }

    private static async Task AssertOneLiveAsync(Fleet fleet, Func<SimulatedAgent, KeyAlgorithm> expected)
    {
        foreach (var agent in fleet.Agents)
        {
            var live = (await fleet.CertificatesOfAsync(agent)).Where(c => c.Status is CertificateStatus.Good && c.Certificate.NotAfter > fleet.Time.GetUtcNow()).ToList();
            Assert.True(live.Count == 1 && live[0].Certificate.KeyAlgorithm == expected(agent), $"{agent.Id} has {string.Join(", ", live.Select(c => c.Certificate.KeyAlgorithm))} and should have one of {expected(agent)}");
            Assert.Equal(live[0].Certificate.Serial, agent.Certificate!.SerialNumber.ToArray());
        }
    }

    private static async Task AssertLedgerAsync(Fleet fleet, int agents)
    {
        var verified = await fleet.VerifyAsync();
        Assert.True(verified.IsIntact, string.Join("; ", verified.Findings));
        var (retired, moves) = (0, new List<string>());
        await foreach (var record in fleet.EntriesAsync())
        {
            if (record.Details is not { Facts: var facts } || !facts.TryGetValue("campaign", out var campaign))
            {
                continue;
            }

            if (record.Leaf.Kind == LedgerEntryKind.CertificateRevoked && facts["state"] == "Retired")
            {
                retired += int.Parse(facts["agents"], System.Globalization.CultureInfo.InvariantCulture);
            }
            else if (record.Leaf.Kind is LedgerEntryKind.CampaignStarted or LedgerEntryKind.CampaignChanged)
            {
                moves.Add($"{campaign} {facts.GetValueOrDefault("state", "Started")} {facts["share"]}");
            }
        }

        // Whoever was rolled back was retired twice.
        Assert.InRange(retired, 2 * agents, 3 * agents);
        Assert.Equal(
            ["to-middle Started 25 %", "to-middle Running 75 %", "to-middle Running 50 %", "to-middle Running 100 %", "to-middle Completed 100 %", "to-last Started 100 %", "to-last Completed 100 %"], moves);
    }

    private void Print(Stopwatch clock, string text) => output.WriteLine($"{clock.Elapsed.TotalSeconds,7:0.0} s  {text}");
}
