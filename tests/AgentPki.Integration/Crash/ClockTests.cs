using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>Clocks that jump between two starts (libfaketime), and what has expired meanwhile.</summary>
public sealed class ClockTests
{
    private static readonly string[] Libraries = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"];

    [Fact]
    [Trait("tier", "full")]
    public async Task Clock_ThreeDaysAhead_ExpiresWhatItShould()
    {
        // Only the real-time clock is moved: timeouts and retries go by the monotonic one.
        await using var appliance = await Appliance.StartNewAsync(Shifted("-3d"));
        var agent = await EnrolledAgent.CreateAsync(appliance, "expired"); // the profile gives it one day
        var credential = await appliance.Cli.NewCredentialAsync("--lifetime", "1h");
        await appliance.StopAsync();
        await appliance.StartAgainAsync(new Dictionary<string, string>());

        var refused = await appliance.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(Csr.NewP256(), agent.Name)), agent.Certificate);
        Assert.True(refused is { Status: 401 or 403 }, $"an expired certificate renewed itself: {refused?.Status}");
        Assert.Contains("valid from", refused!.Text, StringComparison.Ordinal);
        var runOut = await appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName("late")), Requests.Basic(credential)));
        Assert.True(runOut is { Status: 401 or 403 }, $"a credential that had run out was taken: {runOut?.Status}");
        await EnrolledAgent.CreateAsync(appliance, "fresh");
        Assert.Equal(200, (await appliance.Http().ExchangeAsync(Requests.Get("/readyz")))?.Status);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    public async Task Clock_SetBack_NeitherRepeatsASerialNorBreaksTheLedger()
    {
        await using var appliance = await Appliance.StartNewAsync();
        await EnrolledAgent.CreateAsync(appliance, "before");
        await appliance.StopAsync();
        await appliance.StartAgainAsync(Shifted("-4m").Environment);

        await EnrolledAgent.CreateAsync(appliance, "back");

        var serials = new HomeStore(appliance.Home).Certificates().Select(certificate => certificate.Serial).ToList();
        Assert.Equal(serials.Count, serials.Distinct().Count());
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();

        // Before its CA's first minute it cannot issue, and says why instead of serving.
        await appliance.StopAsync();
        appliance.Launch(Shifted("-1d").Environment);
        Assert.Equal(3, await appliance.WaitForExitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("is valid from", appliance.Output, StringComparison.Ordinal);
    }

    private static ApplianceOptions Shifted(string offset) => new()
    {
        Environment = new Dictionary<string, string> { ["LD_PRELOAD"] = Libraries.First(File.Exists), ["FAKETIME"] = offset, ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1" },
    };
}
