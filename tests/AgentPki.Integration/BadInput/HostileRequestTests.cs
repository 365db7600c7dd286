using System.Text.RegularExpressions;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>Every row of the table: its status, its text, its trace in the ledger; and the appliance lives on.</summary>
public sealed partial class HostileRequestTests(HostileAppliance fixture) : IClassFixture<HostileAppliance>
{
    public static TheoryData<string> Cases() => [.. HostileTable.Cases.Keys];

    [Fact]
    public void Table_HasAtLeastAHundredRows() => Assert.True(HostileTable.Cases.Count >= 100, $"only {HostileTable.Cases.Count}");

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Request_FromTheTable_IsRefusedAsItShould(string name)
    {
        var (hostile, world) = (HostileTable.Cases[name], await fixture.GetAsync());
        var store = new HomeStore(world.Appliance.Home);
        var before = store.LedgerSize();

        var answer = await fixture.SendAsync(hostile);

        Assert.NotNull(answer);
        Assert.True(answer.Status == hostile.Status, $"{answer.Status} instead of {hostile.Status}: {answer.Text}");
        Assert.Contains(hostile.Says, answer.Text, StringComparison.OrdinalIgnoreCase);
        AssertDiscreet(answer);
        AssertTrace(hostile, answer, store, before);
        Assert.True(world.Appliance.IsRunning, "the appliance has ended");
    }

    // No stack trace, no type name of ours, no path of the server's.
    private static void AssertDiscreet(HttpAnswer answer)
    {
        if (answer.Header("Content-Type")?.StartsWith("text/", StringComparison.Ordinal) == true)
        {
            Assert.DoesNotMatch(Indiscretion(), answer.Text);
            Assert.DoesNotMatch(@"[\x00-\x09\x0B-\x1F\x7F]", answer.Text);
        }
    }

    private static void AssertTrace(HostileCase hostile, HttpAnswer answer, HomeStore store, long before)
    {
        var own = store.LedgerFrom(before).Count(entry =>
            entry.Kind == LedgerKinds.EnrollmentRefused && entry.Details.Contains(answer.Header("X-Correlation-Id") ?? "?", StringComparison.Ordinal));
        var expected = hostile.Trace == Trace.Entry ? 1 : 0;
        Assert.True(own == expected, $"{own} ledger entries instead of {expected} for: {answer.Status} {answer.Text}");
    }

    [GeneratedRegex(@"   at |Exception|AgentPki\.|System\.|/home/|\.cs:line|/tmp/")]
    private static partial Regex Indiscretion();
}
