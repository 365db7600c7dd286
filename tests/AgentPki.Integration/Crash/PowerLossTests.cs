using AgentPki.Integration.Harness;
using AgentPki.Testing.Durability;
using Xunit.Sdk;

namespace AgentPki.Integration.Crash;

/// <summary>
/// The crash test without the page cache: the process is killed under load and every octet written since the last flush is taken
/// away (tests/durability). A disk that only pretends to flush must fail the very same rounds, or they would prove nothing.
/// </summary>
public sealed class PowerLossTests
{
    [Fact]
    [Trait("tier", "full")]
    public Task PowerLoss_UnderLoad_LosesNothingThatWasReleased() => RunAsync(rounds: 2, torn: false);

    [Fact]
    [Trait("tier", "full")]
    public Task PowerLoss_UnderLoadThirtyTimes_LosesNothingThatWasReleased() => RunAsync(rounds: 30, torn: false);

    [Fact]
    [Trait("tier", "full")]
    public Task PowerLoss_WithTornBlocks_LosesNothingThatWasReleased() => RunAsync(rounds: 30, torn: true);

    [Fact]
    [Trait("tier", "full")]
    public async Task PowerLoss_OfAStoreThatOnlyPretends_IsNoticed()
    {
        using var folder = new TempFolder();
        var pretender = folder.File("pretend.so");
        (await Tool.RunAsync("gcc", ["-shared", "-fPIC", "-O2", "-o", pretender, Path.Combine(SourceTree.Foreign, "pretend.c")])).MustSucceed();

        var failure = await Assert.ThrowsAnyAsync<XunitException>(() => RunAsync(rounds: 4, torn: false, before: pretender));

        Assert.Matches("the store does not", failure.Message);
    }

    /// <param name="before">A library to load in front of the shim.</param>
    private static async Task RunAsync(int rounds, bool torn, string? before = null)
    {
        using var mirror = new TempFolder();
        await using var appliance = await Appliance.StartNewAsync();
        await appliance.StopAsync();
        var power = new PowerLoss(appliance.Home, mirror.File("disk"));
        var shim = new Dictionary<string, string>(await power.EnvironmentAsync());
        if (before is not null)
        {
            shim["LD_PRELOAD"] = $"{before} {shim["LD_PRELOAD"]}";
        }

        var crashes = new CrashRounds(appliance);
        for (var round = 0; round < rounds; round++)
        {
            power.Arm();
            await appliance.StartAsync(shim);
            await crashes.KillUnderLoadAsync();
            power.Strike(torn ? new Random(round) : null);
            // Whatever was released is there before anything is started or mended.
            crashes.AssertNothingIsMissing(round);
        }

        await appliance.StartAsync();
        crashes.AssertNothingIsMissing(rounds);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }
}
