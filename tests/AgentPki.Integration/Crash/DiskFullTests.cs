using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Crash;

/// <summary>No regular file takes another octet (tests/foreign/nospace.c): nothing is released, nothing breaks, and it ends with its cause.</summary>
public sealed class DiskFullTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public async Task Disk_FullAndFreeAgain_ReleasesNothingMeanwhile()
    {
        var flag = folder.File("full");
        var shim = folder.File("nospace.so");
        (await Tool.RunAsync("gcc", ["-shared", "-fPIC", "-O2", "-o", shim, Path.Combine(SourceTree.Foreign, "nospace.c"), "-ldl"])).MustSucceed();
        await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions
        {
            Environment = new Dictionary<string, string> { ["LD_PRELOAD"] = shim, ["NOSPACE_FLAG"] = flag },
        });
        var agent = await EnrolledAgent.CreateAsync(appliance);
        var stored = new HomeStore(appliance.Home).Certificates().Count;

        await File.WriteAllTextAsync(flag, "");
        for (var i = 0; i < 5; i++)
        {
            var answer = await EnrollAsync(appliance);
            Assert.True(answer is { Status: 503 }, $"on a full disk: {answer?.Status} {answer?.Text}");
            Assert.NotNull(answer!.Header("Retry-After"));
        }

        File.Delete(flag);
        await appliance.WaitReadyAsync(TimeSpan.FromSeconds(60));
        await agent.RenewAsync(appliance);
        Assert.Equal(stored + 1, new HomeStore(appliance.Home).Certificates().Count);
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    public void Dispose() => folder.Dispose();

    private static Task<HttpAnswer?> EnrollAsync(Appliance appliance) =>
        appliance.Https().ExchangeAsync(Requests.Enroll("simpleenroll", Csr.ForDns(Csr.NewP256(), Csr.NewName("full")), Requests.Basic(appliance.Credential)));
}
