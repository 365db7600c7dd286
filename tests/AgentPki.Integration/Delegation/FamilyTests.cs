using System.Net;
using System.Text.Json;
using AgentPki.Integration.Guard;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Delegation;

/// <summary>A family by the command line and the real server: registered, delegated, verified offline and by openssl, and taken away.</summary>
public sealed class FamilyTests(SharedAppliance shared)
{
    private const string Boss = "family-boss";
    private const string Domain = $"spiffe://{Csr.TrustDomain}/agent/{Boss}";

    [Fact]
    public async Task Delegate_TwoGenerations_HoldOffline_AndFallWithTheirParent()
    {
        var appliance = await shared.GetAsync();
        using var folder = new TempFolder();
        var (certificate, key) = await BossAsync(appliance, folder, Boss);
        Assert.Contains("tool.*:crm/**", (await appliance.Cli.RunAsync("inspect", certificate)).MustSucceed().Text, StringComparison.Ordinal);

        var worker = await DelegateAsync(appliance, folder, certificate, key, "worker", """{"scopes":["tool.invoke:crm/**"],"not_after":"2099-01-01T00:00:00Z","delegation_depth":1,"budget":{"usd-cents":40}}""");
        var temp = await DelegateAsync(appliance, folder, Path.Combine(worker, "agent.pem"), Path.Combine(worker, "agent.key"), "temp", """{"scopes":["tool.invoke:crm/customers/*"],"not_after":"2099-01-01T00:00:00Z","maximum_lifetime":600,"budget":{"usd-cents":5}}""");

        // What the certificate says, to others and to us.
        var text = (await Tool.RunAsync("openssl", ["x509", "-in", Path.Combine(temp, "agent.pem"), "-noout", "-text"])).MustSucceed().Text;
        Assert.Contains("1.3.6.1.4.1.32473.7.1", text, StringComparison.Ordinal);
        (await Tool.RunAsync("openssl", ["verify", "-CAfile", appliance.AnchorsFile, "-untrusted", appliance.ChainFile, Path.Combine(temp, "agent.pem")])).MustSucceed();
        using var policy = JsonDocument.Parse((await appliance.Cli.RunAsync("inspect", Path.Combine(temp, "agent.pem"), "--json")).MustSucceed().Text);
        Assert.Equal("tool.invoke:crm/customers/*", policy.RootElement.GetProperty("scopes")[0].GetString());
        Assert.Equal($"{Domain}/worker", policy.RootElement.GetProperty("parent").GetProperty("agent").GetString());

        // The grants hold, by the ledger's word; another's do not.
        var ledger = (await appliance.Cli.RunAsync("audit", "key")).MustSucceed().Text.Split('\n')[0];
        string[] verify = ["--anchors", appliance.AnchorsFile, "--ledger-key", ledger];
        var held = (await appliance.Cli.RunAsync(["inspect", Path.Combine(temp, "agent.pem"), "--grants", Path.Combine(temp, "grants.json"), .. verify])).MustSucceed().Text;
        Assert.Contains("Every grant holds", held, StringComparison.Ordinal);
        Assert.Contains($"within {Domain}, granted", held, StringComparison.Ordinal);
        Assert.Contains("do not hold", (await appliance.Cli.RunAsync(["inspect", Path.Combine(temp, "agent.pem"), "--grants", Path.Combine(worker, "grants.json"), .. verify])).MustFail().Error, StringComparison.Ordinal);

        // More than its parent has.
        var wide = folder.File("wide.json");
        await File.WriteAllTextAsync(wide, """{"scopes":["tool.invoke:hr/**"],"not_after":"2099-01-01T00:00:00Z","budget":{"usd-cents":1}}""");
        var refused = await RunAsync(appliance, folder, Path.Combine(worker, "agent.pem"), Path.Combine(worker, "agent.key"), "greedy", wide);
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("scope tool.invoke:hr/** is not within", refused.Error, StringComparison.Ordinal);

        // The whole family goes: nobody renews, and nobody has children any more.
        (await appliance.Cli.RunAsync("revoke", "--agent", Domain, "--with-descendants", "--reason", "keyCompromise")).MustSucceed();
        var again = await RunAsync(appliance, folder, Path.Combine(worker, "agent.pem"), Path.Combine(worker, "agent.key"), "other", folder.File("temp.json"));
        Assert.Contains("revoked", again.MustFail().Error, StringComparison.Ordinal);
        Assert.NotEqual("200", await RenewAsync(appliance, temp));
        (await appliance.Cli.VerifyAuditAsync()).MustSucceed();
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task Revoke_AParent_CutsTheWholeFamilyAtTheGuard()
    {
        const string Name = "family-guarded";
        var appliance = await shared.GetAsync();
        using var folder = new TempFolder();
        await using var service = await EchoService.StartAsync();
        await using var guard = await GuardProcess.StartAsync(appliance, folder, service.Url);
        var (certificate, key) = await BossAsync(appliance, folder, Name);
        var worker = await DelegateAsync(appliance, folder, certificate, key, "worker", """{"scopes":["tool.invoke:crm/**"],"not_after":"2099-01-01T00:00:00Z","delegation_depth":1,"budget":{"usd-cents":40}}""");
        (string, string)[] family = [(certificate, key), (Path.Combine(worker, "agent.pem"), Path.Combine(worker, "agent.key"))];
        foreach (var (pem, secret) in family)
        {
            Assert.Contains("200", await CurlAsync(appliance, guard.Url, pem, secret), StringComparison.Ordinal);
        }

        (await appliance.Cli.RunAsync("revoke", "--agent", $"spiffe://{Csr.TrustDomain}/agent/{Name}", "--with-descendants", "--reason", "keyCompromise")).MustSucceed();
        foreach (var (pem, secret) in family)
        {
            await Eventually.TrueAsync(async () => !(await CurlAsync(appliance, guard.Url, pem, secret)).Contains("200", StringComparison.Ordinal), TimeSpan.FromSeconds(20), () => $"{pem} is still let in:\n{guard.Output}");
        }
    }

    private static async Task<(string Certificate, string Key)> BossAsync(Appliance appliance, TempFolder folder, string name)
    {
        var yaml = folder.File("agents.yaml");
        await File.WriteAllTextAsync(yaml, $$"""
            agent: spiffe://{{Csr.TrustDomain}}/agent/{{name}}
            owner: tests
            tier: low
            purpose: has children
            policy:
              scopes: ["tool.*:crm/**", "db.read:**"]
              not_after: "2099-01-01T00:00:00Z"
              delegation_depth: 2
              budget: {usd-cents: 100}
            """);
        (await appliance.Cli.RunAsync("agents", "apply", "-f", yaml)).MustSucceed();
        var agent = await EnrolledAgent.EnrollNamedAsync(appliance, name, credential: await appliance.Cli.NewCredentialAsync());
        return agent.Write(folder);
    }

    private static async Task<string> DelegateAsync(Appliance appliance, TempFolder folder, string certificate, string key, string child, string policy)
    {
        var file = folder.File($"{child}.json");
        await File.WriteAllTextAsync(file, policy);
        (await RunAsync(appliance, folder, certificate, key, child, file)).MustSucceed();
        return folder.File(child);
    }

    private static Task<ToolResult> RunAsync(Appliance appliance, TempFolder folder, string certificate, string key, string child, string policy) => appliance.Cli.RunAsync(
        "delegate", "--server", $"https://localhost:{appliance.HttpsPort}", "--anchors", appliance.AnchorsFile, "--certificate", certificate, "--key", key, "--child", child, "--policy", policy, "--to", folder.File(child));

    private static async Task<string> RenewAsync(Appliance appliance, string child)
    {
        using var mine = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPemFile(Path.Combine(child, "agent.pem"), Path.Combine(child, "agent.key"));
        using var next = Csr.NewP256();
        try
        {
            return (await appliance.Https().ExchangeAsync(Requests.Enroll("simplereenroll", Csr.ForDns(next, "temp")), mine))?.Status.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none";
        }
        catch (IOException)
        {
            return "cut";
        }
    }

    private static async Task<string> CurlAsync(Appliance appliance, Uri url, string certificate, string key) =>
        (await Tool.RunAsync("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", "--cacert", appliance.AnchorsFile, "--cert", certificate, "--key", key, new Uri(url, "headers").AbsoluteUri])).Text;
}
