using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Spiffe;

/// <summary>
/// Workloads written in Go, at the real server: grpc-go asks, crypto/x509 and crypto/tls judge (<c>tests/foreign/go/workload</c>). They share no code with the appliance, and take its messages apart by the
/// standard's field numbers.
/// </summary>
[Trait("tier", "full")]
public sealed class GoWorkloadTests
{
    private const string Agent = "spiffe://agents.localhost/agent/developer";
    private static readonly Dictionary<string, string> Go = new() { ["GO111MODULE"] = "off", ["GOPATH"] = "/usr/share/gocode", ["GOFLAGS"] = "" };

    [Fact]
    public async Task GoWorkload_SvidMutualTlsAndJwt_ThenARevokedSvidIsReplacedAndARevokedAgentIsDenied()
    {
        await using var appliance = await Appliance.StartNewAsync();
        using var folder = new TempFolder();
        var program = folder.File("workload");
        (await Tool.RunAsync("go", ["build", "-o", program, "."], folder: Path.Combine(SourceTree.Foreign, "go", "workload"), environment: new Dictionary<string, string>(Go) { ["GOCACHE"] = folder.File("cache"), ["HOME"] = folder.Path }, limit: TimeSpan.FromMinutes(5))).MustSucceed();

        await using var workload = GoWorkload.Start(program, ["-socket", Path.Combine(appliance.Home, "workload.sock"), "-id", Agent, "-revoke"]);
        var first = await workload.UntilAsync("svid ");
        await workload.UntilAsync("mtls ok");
        await workload.UntilAsync("jwt ok");
        await workload.UntilAsync("waiting");

        // One certificate: a rotation, and its CRL has it.
        await appliance.Cli.RevokeAsync(first["svid ".Length..]);
        var second = await workload.UntilAsync("svid ");
        Assert.NotEqual(first, second);

        // The agent: the end.
        (await appliance.Cli.RunAsync("agent", "suspend", Agent)).MustSucceed();
        await workload.UntilAsync("denied");
        Assert.Equal(0, await workload.ExitAsync());
        (await Tool.RunAsync(program, ["-socket", Path.Combine(appliance.Home, "workload.sock"), "-id", Agent])).MustFail();
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }
}
