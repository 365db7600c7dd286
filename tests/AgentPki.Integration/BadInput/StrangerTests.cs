using System.Globalization;
using System.Text.RegularExpressions;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Garbage cannot buy storage: strangers' refusals are counted in the ledger, one entry for many.</summary>
public sealed partial class StrangerTests
{
    [Fact]
    public async Task Strangers_RefusedByTheHundred_AreCountedInAFewEntries()
    {
        const int Rounds = 6;
        await using var fixture = new HostileAppliance();
        var appliance = (await fixture.GetAsync()).Appliance;
        var before = new HomeStore(appliance.Home).LedgerSize();
        var strangers = HostileTable.Cases.Values.Where(hostile => hostile.Trace == Trace.Aggregate).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            await Parallel.ForEachAsync(strangers, async (hostile, _) => Assert.Equal(hostile.Status, (await fixture.SendAsync(hostile))?.Status));
        }

        Assert.Equal(0, await appliance.StopAsync()); // what is counted so far is written at the end

        var entries = new HomeStore(appliance.Home).LedgerFrom(before);
        Assert.DoesNotContain(entries, entry => entry.Kind == LedgerKinds.EnrollmentRefused);
        var counted = entries.Where(entry => entry.Kind == LedgerKinds.RefusalsAggregated).ToList();
        Assert.InRange(counted.Count, 1, 3); // one a minute
        Assert.Equal(strangers.Count * Rounds, counted.Sum(entry => int.Parse(Total().Match(entry.Details).Groups[1].Value, CultureInfo.InvariantCulture)));
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    // Names and values are length-prefixed, four octets big-endian.
    [GeneratedRegex(@"total\x00\x00\x00.(\d+)", RegexOptions.Singleline)]
    private static partial Regex Total();
}
