using System.Text.Json;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Decisions;

/// <summary>Actions decided by the real process: policies that take hold while it runs, a revocation, a full disk, kill -9.</summary>
public sealed class DecisionTests : IDisposable
{
    private const string Reads = """
        policies:
          - {id: reads, effect: permit, actions: [read], resources: [crm/**]}
        """;

    private const string Test = """
        tests:
          - {name: anybody reads, agent: {id: spiffe://agents.localhost/agent/a}, action: read, resource: crm/1, expect: permit, by: reads}
          - {name: nobody writes, agent: {id: spiffe://agents.localhost/agent/a}, action: write, resource: crm/1, expect: deny}
        """;

    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Ask_WithCurlFromTheFirstPolicyToTheRevocation_IsAnsweredAndLogged()
    {
        await using var appliance = await Appliance.StartNewAsync();
        var client = await DecisionClient.EnrollAsync(appliance);
        var agent = await EnrolledAgent.CreateAsync(appliance);
        Assert.False(await PermitsAsync(client, agent, "read"));

        WritePolicy(appliance, "crm.yaml", Reads);
        WritePolicy(appliance, "crm.test.yaml", Test);
        Assert.Contains("2 of 2 tests pass", (await appliance.Cli.RunAsync("policy", "test")).MustSucceed().Text, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => PermitsAsync(client, agent, "read"), TimeSpan.FromSeconds(20), () => "the policy did not take hold");

        // Broken while it runs: the old ones decide, and it is said.
        WritePolicy(appliance, "crm.yaml", Reads.Replace("permit", "perhaps", StringComparison.Ordinal));
        await Eventually.TrueAsync(
            async () => (await appliance.Http().ExchangeAsync(Requests.Get("/readyz")))?.Text.Contains("not in force", StringComparison.Ordinal) == true, TimeSpan.FromSeconds(20), () => "the mistake is not told");
        Assert.True(await PermitsAsync(client, agent, "read"));
        Assert.Contains("crm.yaml:2: policies[1].effect", (await appliance.Cli.RunAsync("policy", "list")).MustSucceed().Error, StringComparison.Ordinal);
        Assert.Equal(1, (await appliance.Cli.RunAsync("policy", "lint")).ExitCode);
        WritePolicy(appliance, "crm.yaml", Reads);

        var (certificate, key) = (folder.File("gate.pem"), folder.File("gate.key"));
        await File.WriteAllTextAsync(certificate, client.Identity.ExportCertificatePem());
        await File.WriteAllTextAsync(key, System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(client.Identity)!.ExportPkcs8PrivateKeyPem());
        var curl = await Tool.RunAsync("curl", ["-sS", "--cacert", appliance.AnchorsFile, "--cert", certificate, "--key", key, "-H", "Content-Type: application/json", "-H", "X-Request-ID: r-1", "-i",
            "-d", DecisionClient.Question(agent.Certificate, "read", "crm/42"), $"https://localhost:{appliance.HttpsPort}/access/v1/evaluation"]);
        var text = curl.MustSucceed().Text;
        Assert.Contains("\"decision\":true", text, StringComparison.Ordinal);
        Assert.Contains("X-Request-ID: r-1", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("\"receipt\":\"eyJ", text, StringComparison.Ordinal);

        await appliance.Cli.RevokeAsync(agent.Serial);
        Assert.False(await PermitsAsync(client, agent, "read"));
        Assert.Contains("status", (await appliance.Cli.RunAsync("decisions", "search", "--denied")).MustSucceed().Text, StringComparison.Ordinal);

        await appliance.StopAsync(); // what was decided last is anchored
        Assert.Contains("The log is whole", (await appliance.Cli.RunAsync("decisions", "verify")).MustSucceed().Text, StringComparison.Ordinal);
        var log = Directory.GetFiles(Path.Combine(appliance.Home, "decisions"), "*.jsonl").Single();
        await File.WriteAllTextAsync(log, (await File.ReadAllTextAsync(log)).Replace("\"decision\":false", "\"decision\":true ", StringComparison.Ordinal));
        Assert.Equal(1, (await appliance.Cli.RunAsync("decisions", "verify")).ExitCode);
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Kill_WhileManyAsk_LosesNoAnswerThatWasGiven()
    {
        await using var appliance = await Appliance.StartNewAsync();
        var client = await DecisionClient.EnrollAsync(appliance);
        var agent = await EnrolledAgent.CreateAsync(appliance);
        WritePolicy(appliance, "crm.yaml", Reads);
        await Eventually.TrueAsync(() => PermitsAsync(client, agent, "read"), TimeSpan.FromSeconds(20), () => "the policy did not take hold");
        var answered = new System.Collections.Concurrent.ConcurrentBag<string>();
        for (var round = 0; round < 10; round++)
        {
            var before = answered.Count;
            using var stop = new CancellationTokenSource();
            var storm = Enumerable.Range(0, 8).Select(_ => Task.Run(() => AskUntilStoppedAsync(client, agent, answered, stop.Token))).ToList();
            await Eventually.TrueAsync(() => Task.FromResult(answered.Count > before + 20), TimeSpan.FromSeconds(60), () => $"nobody is answered:\n{appliance.Output}");
            await appliance.KillAsync();
            await stop.CancelAsync();
            await Task.WhenAll(storm);
            await appliance.StartUntilReadyAsync();
            await AssertAllAreLoggedAsync(appliance, answered, round);
        }

        await appliance.StopAsync();
        (await appliance.Cli.RunAsync("decisions", "verify")).MustSucceed();
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Disk_FullAndFreeAgain_PermitsNothingMeanwhile()
    {
        var flag = folder.File("full");
        var shim = folder.File("nospace.so");
        (await Tool.RunAsync("gcc", ["-shared", "-fPIC", "-O2", "-o", shim, Path.Combine(SourceTree.Foreign, "nospace.c"), "-ldl"])).MustSucceed();
        await using var appliance = await Appliance.StartNewAsync(new ApplianceOptions { Environment = new Dictionary<string, string> { ["LD_PRELOAD"] = shim, ["NOSPACE_FLAG"] = flag } });
        var client = await DecisionClient.EnrollAsync(appliance);
        var agent = await EnrolledAgent.CreateAsync(appliance);
        WritePolicy(appliance, "crm.yaml", Reads);
        await Eventually.TrueAsync(() => PermitsAsync(client, agent, "read"), TimeSpan.FromSeconds(20), () => "the policy did not take hold");

        await File.WriteAllTextAsync(flag, "");
        var denied = await client.AskAsync(agent.Certificate, "read", "crm/1");
        Assert.False(denied!.Value.GetProperty("decision").GetBoolean());
        Assert.Equal("undecidable", denied.Value.GetProperty("context").GetProperty("reasons")[0].GetProperty("rule").GetString());
        File.Delete(flag);
        await Eventually.TrueAsync(() => PermitsAsync(client, agent, "read"), TimeSpan.FromSeconds(60), () => "it did not recover");
        await appliance.StopAsync();
        (await appliance.Cli.RunAsync("decisions", "verify")).MustSucceed();
    }

    private static void WritePolicy(Appliance appliance, string file, string text)
    {
        var policies = Directory.CreateDirectory(Path.Combine(appliance.Home, "policies"));
        File.WriteAllText(Path.Combine(policies.FullName, file), text);
    }

    private static async Task<bool> PermitsAsync(DecisionClient client, EnrolledAgent agent, string action) =>
        await client.AskAsync(agent.Certificate, action, "crm/customers/42") is { } answer && answer.GetProperty("decision").GetBoolean();

    private static async Task AskUntilStoppedAsync(DecisionClient client, EnrolledAgent agent, System.Collections.Concurrent.ConcurrentBag<string> answered, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await client.AskAsync(agent.Certificate, "read", "crm/customers/42") is not { } answer)
                {
                    return;
                }

                Assert.True(answer.GetProperty("decision").GetBoolean(), answer.ToString());
                answered.Add(answer.GetProperty("context").GetProperty("id").GetString()!);
            }
            catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException or JsonException or System.Security.Authentication.AuthenticationException)
            {
                return;
            }
        }
    }

    private static async Task AssertAllAreLoggedAsync(Appliance appliance, IEnumerable<string> answered, int round)
    {
        var logged = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(Path.Combine(appliance.Home, "decisions"), "*.jsonl"))
        {
            foreach (var line in await File.ReadAllLinesAsync(file))
            {
                using var record = JsonDocument.Parse(line);
                if (record.RootElement.TryGetProperty("id", out var id))
                {
                    logged.Add(id.GetString()!);
                }
            }
        }

        Assert.True(answered.All(logged.Contains), $"round {round}: an answer that was given is not in the log");
    }
}
