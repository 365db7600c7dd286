using System.Text.RegularExpressions;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Spiffe;

/// <summary>
/// The SPIFFE project's own client library at the real server (<c>tests/foreign/go/gospiffe</c>): its X509Source, spiffetls, JWTSource, bundles and watcher, whose judgement of certificates, JWTs and
/// bundles is its own.
/// </summary>
[Trait("tier", "full")]
public sealed class GoSpiffeTests
{
    private const string Agent = "spiffe://agents.localhost/agent/developer";

    [Fact]
    public async Task GoSpiffe_SvidMutualTlsJwtAndBundle_ThenARevokedSvidIsReplacedAndASuspendedAgentIsDenied()
    {
        var tools = (await Tool.RunAsync(Path.Combine(SourceTree.Foreign, "gospiffe.sh"), [Path.Combine(SourceTree.Root, ".tools", "gospiffe")], limit: TimeSpan.FromMinutes(10))).MustSucceed().Text.Trim();
        await using var appliance = await Appliance.StartNewAsync();
        await appliance.StopAsync();
        var configuration = Path.Combine(appliance.Home, "agentpki.yaml");
        var text = await File.ReadAllTextAsync(configuration, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(configuration, Regex.Replace(text, "^spiffe:.*\n", "spiffe:\n  federation: {publish: true}\n", RegexOptions.Multiline), TestContext.Current.CancellationToken);
        await appliance.StartAsync();

        using var folder = new TempFolder();
        var bundle = folder.File("bundle.json");
        (await Tool.RunAsync("curl", ["-sS", "--fail", "--cacert", appliance.AnchorsFile, "-o", bundle, $"https://localhost:{appliance.HttpsPort}/spiffe/bundle"])).MustSucceed();

        await using var workload = GoWorkload.Start(Path.Combine(tools, "workload"), ["-id", Agent, "-bundle", bundle, "-revoke"], ("SPIFFE_ENDPOINT_SOCKET", "unix://" + Path.Combine(appliance.Home, "workload.sock")));
        var first = await workload.UntilAsync("svid ");
        await workload.UntilAsync("mtls ok");
        await workload.UntilAsync("jwt ok");
        await workload.UntilAsync("bundle ok");
        await workload.UntilAsync("waiting");

        await appliance.Cli.RevokeAsync(first["svid ".Length..]);
        Assert.NotEqual(first, await workload.UntilAsync("svid "));

        (await appliance.Cli.RunAsync("agent", "suspend", Agent)).MustSucceed();
        await workload.UntilAsync("denied");
        Assert.Equal(0, await workload.ExitAsync());
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }
}
