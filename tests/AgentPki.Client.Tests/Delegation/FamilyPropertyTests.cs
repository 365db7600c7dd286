using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Client.Delegation;
using AgentPki.Client.Verification;
using AgentPki.Ledger;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Client.Tests.Delegation;

/// <summary>Over random trees and policies nothing that widens scope, time, network, environment, data, tags, depth, budget or lifetime is ever granted or issued, or verifies.</summary>
public sealed class FamilyPropertyTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Families_AFewHundredSteps_NothingWidens()
    {
        var counts = await RunAsync(Seed(), 200);
        Assert.True(counts.GetValueOrDefault("granted") > 10 && counts.GetValueOrDefault("issued") > 20, Text(counts));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Families_FiftyThousandSteps_NothingWidens()
    {
        var all = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var (seed, episode) = (Seed(), 0); episode < 125; episode++)
        {
            foreach (var (what, count) in await RunAsync(unchecked(seed + episode), 400))
            {
                all[what] = all.GetValueOrDefault(what) + count;
            }
        }

        output.WriteLine(Text(all));
        // Each thing was widened, and each kind of step taken, often enough to show something.
        Assert.All(FamilyDraw.Aspects, aspect => Assert.True(all.GetValueOrDefault($"not granted: {aspect}") > 20 && all.GetValueOrDefault($"lie: certificate {aspect}") > 3 && all.GetValueOrDefault($"lie: grant {aspect}") > 3, $"{aspect}: {Text(all)}"));
        Assert.All(["granted", "issued", "limited", "not limited", "lifted", "applied", "held", "released", "permitted", "denied", "revoked", "lie: bundle", "true: certificate narrower", "true: grant narrower"], what => Assert.True(all.GetValueOrDefault(what) > 10, $"{what}: {Text(all)}"));
    }

    private async Task<SortedDictionary<string, int>> RunAsync(int seed, int steps)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}"));
        await using var authority = await TestAuthority.StartAsync(TestAuthority.DefaultOptions with { GrantsPerHour = 100_000 });
        using var liar = new FamilyWorld();
        ILedgerStore ledger = authority.Store;
        await authority.Services.Checkpoints.SignAsync(TestContext.Current.CancellationToken);
        var origin = (await ledger.LatestCheckpointAsync(TestContext.Current.CancellationToken))!.Checkpoint.Origin;
        var strict = new DelegationVerifier([authority.Ceremony.Root], authority.Providers, authority.Time, new InclusionVerifier(authority.Ceremony.CheckpointKey, origin, authority.Providers));
        await using var decider = await TestDecider.StartAsync(authority, policies: ("a.yaml", "policies:\n- {id: everything, effect: permit, actions: ['**'], resources: ['**']}\n"));
        var run = new FamilyRun(authority, decider, liar, strict, seed);
        await run.RunAsync(steps);
        output.WriteLine(Text(run.Counts));
        return run.Counts;
    }

    /// <summary>A new one each time; AGENTPKI_FAMILY_SEED repeats what was printed.</summary>
    private static int Seed() => int.TryParse(Environment.GetEnvironmentVariable("AGENTPKI_FAMILY_SEED"), CultureInfo.InvariantCulture, out var given) ? given : RandomNumberGenerator.GetInt32(int.MaxValue);

    private static string Text(IEnumerable<KeyValuePair<string, int>> counts) => string.Join(", ", counts.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Key} {c.Value}")));
}
