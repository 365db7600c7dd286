using System.Diagnostics;
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

        using var workload = Process.Start(new ProcessStartInfo(program, ["-socket", Path.Combine(appliance.Home, "workload.sock"), "-id", Agent, "-revoke"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            var first = await UntilAsync(workload, "svid ");
            await UntilAsync(workload, "mtls ok");
            await UntilAsync(workload, "jwt ok");
            await UntilAsync(workload, "waiting");

            // One certificate: a rotation, and its CRL has it.
            await appliance.Cli.RevokeAsync(first["svid ".Length..]);
            var second = await UntilAsync(workload, "svid ");
            Assert.NotEqual(first, second);

            // The agent: the end. The clock begins when the command has returned, which is after the commit.
            (await appliance.Cli.RunAsync("agent", "suspend", Agent)).MustSucceed();
            await UntilAsync(workload, "denied");
            await workload.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.Equal(0, workload.ExitCode);
            (await Tool.RunAsync(program, ["-socket", Path.Combine(appliance.Home, "workload.sock"), "-id", Agent])).MustFail();
            (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
        }
        finally
        {
            if (!workload.HasExited)
            {
                workload.Kill();
            }
        }
    }

    // A line that begins so; the program ends itself when something does not stand.
    private static async Task<string> UntilAsync(Process workload, string beginning)
    {
        while (await workload.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken) is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }
        }

        Assert.Fail($"It ended before '{beginning}': {await workload.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)}");
        return "";
    }
}
