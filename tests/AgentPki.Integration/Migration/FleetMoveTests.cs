using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using AgentPki.Client.Est;
using AgentPki.Integration.Crash;
using AgentPki.Integration.Harness;
using AgentPki.X509.Certificates;

namespace AgentPki.Integration.Migration;

/// <summary>The real server, its command line and the EST client: a fleet goes over to other keys.</summary>
public sealed class FleetMoveTests
{
    private const int Agents = 6;
    private static readonly byte[] P384 = [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]; // 1.3.132.0.34

    [Fact]
    public async Task Campaign_PlanStartReenrolStatusRetireRollback()
    {
        await using var appliance = await Appliance.StartNewAsync();
        var agents = new List<EnrolledAgent>();
        for (var i = 0; i < Agents; i++)
        {
            agents.Add(await EnrolledAgent.CreateAsync(appliance, "fleet"));
        }

        // 1. The dry run; the sample agent of `up` is one more.
        var plan = (await appliance.Cli.RunAsync("migrate", "plan", "--from", "ecdsa-p256", "--to", "ecdsa-p384", "--share", "50%")).MustSucceed().Text;
        Assert.Contains($"{Agents + 1} agents with {Agents + 1} live certificates", plan, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", plan, StringComparison.Ordinal);
        Assert.Contains("No campaigns yet", (await appliance.Cli.RunAsync("migrate", "status")).MustSucceed().Text, StringComparison.Ordinal);

        // 2. Half of them: csrattrs changes for these, and for nobody else.
        (await appliance.Cli.RunAsync("migrate", "start", "half", "--from", "ecdsa-p256", "--to", "ecdsa-p384", "--share", "50%", "--grace", "0s")).MustSucceed();
        var switched = new List<EnrolledAgent>();
        foreach (var agent in agents)
        {
            if (await AsksForP384Async(appliance, agent.Certificate))
            {
                switched.Add(agent);
            }
        }

        var status = await StatusAsync(appliance, "half");
        Assert.InRange(status.GetProperty("switched").GetInt32() - switched.Count, 0, 1); // the sample agent is in it or not
        Assert.False(await AsksForP384Async(appliance, null));

        // 3. They follow; the old kind of key is refused, and the refusal says why and is seen.
        foreach (var agent in switched)
        {
            using (var est = Client(appliance, agent.Certificate))
            {
                var refused = Assert.IsType<EstEnrollment.Refused>(await est.ReenrollAsync(Csr.ForDns(Csr.NewP256(), agent.Name), TestContext.Current.CancellationToken));
                Assert.Contains("campaign 'half' moves this agent to ecdsa-p384", refused.Detail, StringComparison.Ordinal);
            }

            Assert.Contains(agent.Name, (await appliance.Cli.RunAsync("migrate", "status", "half")).MustSucceed().Text, StringComparison.Ordinal);
            await MoveAsync(appliance, agent);
        }

        // Seen in use; and retired already where a round of maintenance came in between.
        status = await StatusAsync(appliance, "half");
        Assert.Equal(switched.Count, status.GetProperty("inUse").GetInt32() + status.GetProperty("retired").GetInt32());

        // 4. All of them; whoever has the new one in use loses the old one.
        (await appliance.Cli.RunAsync("migrate", "start", "half", "--share", "100%")).MustSucceed();
        foreach (var agent in agents.Except(switched))
        {
            await MoveAsync(appliance, agent);
        }

        (await appliance.Cli.RunAsync("migrate", "pause", "half")).MustSucceed();
        (await appliance.Cli.RunAsync("migrate", "resume", "half")).MustSucceed();
        Assert.Equal(Agents, (await StatusAsync(appliance, "half")).GetProperty("retired").GetInt32());
        using (var est = Client(appliance, agents[0].Certificate))
        {
            var refused = Assert.IsType<EstEnrollment.Refused>(await est.ReenrollAsync(Csr.ForDns(Csr.NewP256(), agents[0].Name), TestContext.Current.CancellationToken));
            Assert.Contains("revoked", refused.Detail, StringComparison.Ordinal);
        }

        // 5. Back; what cannot be undone is said.
        var back = (await appliance.Cli.RunAsync("migrate", "rollback", "half")).MustSucceed().Text;
        Assert.Contains($"cannot be undone: {Agents} agents' old certificates were revoked", back, StringComparison.Ordinal);
        Assert.Equal(Agents, (await StatusAsync(appliance, "half")).GetProperty("returning").GetInt32());
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    /// <summary>A pseudo-terminal between (util-linux's <c>script</c>), as a person has it.</summary>
    [Fact]
    [Trait("tier", "full")]
    public async Task Watch_OnATerminal_FollowsToTheEndAndBackOverARestart()
    {
        const int Few = 4;
        await using var appliance = await Appliance.StartNewAsync();
        await using var fleet = await MovingFleet.StartAsync(appliance, await appliance.Cli.NewCredentialAsync("--uses", "0"), Few);
        (await appliance.Cli.RunAsync("migrate", "start", "seen", "--owner", "tests", "--from", "ecdsa-p256", "--to", "ecdsa-p384", "--grace", "0s")).MustSucceed();

        using var folder = new TempFolder();
        var watching = WatchAsync(appliance, "seen", folder.File("there"));
        await Eventually.TrueAsync(async () => (await StatusAsync(appliance, "seen")).GetProperty("inUse").GetInt32() == Few, TimeSpan.FromSeconds(60), () => appliance.Output);
        (await appliance.Cli.RunAsync("migrate", "pause", "seen")).MustSucceed();
        (await appliance.Cli.RunAsync("migrate", "resume", "seen")).MustSucceed();
        var seen = (await watching).MustSucceed().Text;
        Assert.Contains("in use", seen, StringComparison.Ordinal);
        Assert.Contains($"{Few} of {Few}", seen, StringComparison.Ordinal);
        Assert.Contains($"Campaign seen is complete: {Few} retired.", seen, StringComparison.Ordinal);

        (await appliance.Cli.RunAsync("migrate", "rollback", "seen")).MustSucceed();
        watching = WatchAsync(appliance, "seen", folder.File("back"));
        await Eventually.TrueAsync(async () => (await StatusAsync(appliance, "seen")).GetProperty("returned").GetInt32() == Few, TimeSpan.FromSeconds(60), () => appliance.Output);
        await Eventually.TrueAsync(() => Task.FromResult(File.Exists(folder.File("back")) && File.ReadAllText(folder.File("back")).Contains("asked back", StringComparison.Ordinal)), TimeSpan.FromSeconds(60), () => "nothing was shown");
        await appliance.KillAsync();
        await appliance.StartAsync();
        seen = (await watching).MustSucceed().Text;
        Assert.Contains("returned", seen, StringComparison.Ordinal);
        Assert.Contains("No appliance is running", seen, StringComparison.Ordinal);
        Assert.Contains($"Campaign seen is rolled back: {Few} rolled back.", seen, StringComparison.Ordinal);
        Assert.Empty(fleet.Complaints);
    }

    /// <param name="typescript">Where what is shown is written as it comes.</param>
    private static Task<ToolResult> WatchAsync(Appliance appliance, string campaign, string typescript)
    {
        var start = appliance.Command(["migrate", "status", campaign, "--watch"]);
        var environment = start.Environment.Where(pair => pair.Value is not null).ToDictionary(pair => pair.Key, pair => pair.Value!);
        environment["TERM"] = "xterm";
        return Tool.RunAsync("script", ["-qefc", string.Join(' ', [start.FileName, .. start.ArgumentList]), typescript], folder: start.WorkingDirectory, environment: environment, limit: TimeSpan.FromMinutes(5));
    }

    private static EstClient Client(Appliance appliance, X509Certificate2? certificate) => new(
        new EstClientOptions(new Uri($"https://localhost:{appliance.HttpsPort}"), [.. appliance.Anchors().Select(a => Certificate.Parse(a.RawData))], ClientCertificate: certificate), TimeProvider.System);

    private static async Task<bool> AsksForP384Async(Appliance appliance, X509Certificate2? certificate)
    {
        using var est = Client(appliance, certificate);
        var attributes = await est.GetCsrAttributesAsync(TestContext.Current.CancellationToken);
        return attributes is not null && attributes.AsSpan().IndexOf(P384) >= 0;
    }

    /// <summary>What a client that asks first does: a new key of the wanted kind, a renewal, and the new certificate shown.</summary>
    private static async Task MoveAsync(Appliance appliance, EnrolledAgent agent)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var est = Client(appliance, agent.Certificate);
        var issued = Assert.IsType<EstEnrollment.Issued>(await est.ReenrollAsync(Csr.ForDns(key, agent.Name), TestContext.Current.CancellationToken));
        using var certificate = X509CertificateLoader.LoadCertificate(issued.Certificate.Der.Span).CopyWithPrivateKey(key);
        Assert.True(await AsksForP384Async(appliance, certificate));
    }

    private static async Task<JsonElement> StatusAsync(Appliance appliance, string name)
    {
        using var json = JsonDocument.Parse((await appliance.Cli.RunAsync("migrate", "status", name, "--json")).MustSucceed().Text);
        return json.RootElement.Clone();
    }
}
