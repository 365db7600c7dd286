using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>kill -9 at random moments under concurrent enrolment (invariant 2).</summary>
public sealed class CrashTests
{
    [Fact]
    public Task Kill_UnderLoad_LosesNothingThatWasReleased() => RunAsync(rounds: 3);

    [Fact]
    [Trait("tier", "full")]
    public Task Kill_UnderLoadAHundredTimes_LosesNothingThatWasReleased() => RunAsync(rounds: 100);

    private static async Task RunAsync(int rounds)
    {
        await using var appliance = await Appliance.StartNewAsync();
        var crashes = new CrashRounds(appliance);
        await crashes.RunAsync(rounds);

        Assert.True(crashes.Received >= rounds, $"only {crashes.Received} certificates were received");
        Assert.True(crashes.Interrupted > 0, "no kill met a request under way");
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
        await EnrolledAgent.CreateAsync(appliance, "afterwards");
    }
}
