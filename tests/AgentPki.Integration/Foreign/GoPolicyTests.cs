using System.Text.Json;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Foreign;

/// <summary>
/// A relying party in Go (<c>tests/foreign/go/policy</c>) meets certificates that carry a policy: crypto/x509 parses and verifies them, crypto/tls does mutual TLS with them, and encoding/asn1 reads the
/// policy by the published module and finds in it what <c>agentpki inspect --json</c> says.
/// </summary>
[Trait("tier", "full")]
public sealed class GoPolicyTests : IDisposable
{
    private static readonly Dictionary<string, string> Go = new() { ["GO111MODULE"] = "off", ["GOFLAGS"] = "" };
    private readonly TempFolder _folder = new();

    [Fact]
    public async Task GoProgram_CertificateWithAPolicy_ReadsItVerifiesItAndDoesMutualTls_AndRefusesACriticalOneUntilItKnowsIt()
    {
        await using var appliance = await Appliance.StartNewAsync();
        await appliance.StopAsync();
        var profile = await File.ReadAllTextAsync(Path.Combine(appliance.Home, "profiles", "agent.yaml"));
        await File.WriteAllTextAsync(Path.Combine(appliance.Home, "profiles", "critical.yaml"), profile
            .Replace("name: agent\n", "name: critical\npolicyCritical: true\n", StringComparison.Ordinal).Replace("default: true\n", "", StringComparison.Ordinal).Replace("labels: [agent]", "labels: [critical]", StringComparison.Ordinal));
        await appliance.StartAsync();
        var program = _folder.File("policy");
        (await Tool.RunAsync("go", ["build", "-o", program, "."], folder: Path.Combine(SourceTree.Foreign, "go", "policy"), environment: new Dictionary<string, string>(Go) { ["GOCACHE"] = _folder.File("cache"), ["HOME"] = _folder.Path }, limit: TimeSpan.FromMinutes(5))).MustSucceed();

        // Every part of a policy, and one of scopes alone.
        const string whole = """
            {scopes: ["tool.invoke:crm/customers/*", "db.read:warehouse/**"], not_before: "2026-01-01T00:00:00Z", not_after: "2099-12-31T23:59:59Z", weekly: ["mon-fri 06:00-20:00", "sat 22:00-sun 02:30"],
             networks: ["10.20.0.0/16", "127.0.0.0/8", "2001:db8::/32"], environments: [production], data_classes: [customer-pii, public], obligations: [gdpr], delegation_depth: 2, maximum_lifetime: 3600, budget: {usd-cents: 5000, calls: 7}}
            """;
        await MeetAsync(appliance, program, "go-whole", whole, "");
        await MeetAsync(appliance, program, "go-narrow", """{scopes: ["tool.invoke:crm/**"]}""", "");
        await MeetAsync(appliance, program, "go-critical", whole, "critical/");

        // The judge judges: another policy than the certificate's, and one that is not critical where it must be.
        (await JudgeAsync(appliance, program, "go-whole", "go-narrow")).MustFail();
        (await JudgeAsync(appliance, program, "go-whole", "go-whole", "-critical")).MustFail();
    }

    public void Dispose() => _folder.Dispose();

    private async Task MeetAsync(Appliance appliance, string program, string name, string policy, string label)
    {
        var yaml = _folder.File($"{name}.yaml");
        await File.WriteAllTextAsync(yaml, $"agent: spiffe://{Csr.TrustDomain}/agent/{name}\nowner: tests\ntier: low\npurpose: met by Go\npolicy: {policy}\n");
        (await appliance.Cli.RunAsync("agents", "apply", "-f", yaml)).MustSucceed();
        var agent = await EnrolledAgent.EnrollNamedAsync(appliance, name, label, await appliance.Cli.NewCredentialAsync());
        var (certificate, _) = agent.Write(_folder);
        var inspected = (await appliance.Cli.RunAsync("inspect", certificate, "--json")).MustSucceed().Text;
        Assert.NotEmpty(JsonElement.Parse(inspected).GetProperty("scopes").EnumerateArray());
        await File.WriteAllTextAsync(_folder.File($"{name}.json"), inspected);
        (await JudgeAsync(appliance, program, name, name, label.Length > 0 ? ["-critical"] : [])).MustSucceed();
    }

    private Task<ToolResult> JudgeAsync(Appliance appliance, string program, string name, string policy, params string[] more) => Tool.RunAsync(program,
        ["-certificate", _folder.File($"{name}.pem"), "-key", _folder.File($"{name}.key"), "-chain", appliance.ChainFile, "-roots", appliance.AnchorsFile, "-name", name, "-policy", _folder.File($"{policy}.json"), .. more]);
}
