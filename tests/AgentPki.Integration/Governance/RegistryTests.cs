using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Governance;

/// <summary>The registry by the command line and the real server: from a file to a certificate, and what happens when its owner leaves.</summary>
public sealed class RegistryTests(SharedAppliance shared)
{
    private const int Differs = 1;
    private const string Name = "registered-desk";

    [Fact]
    public async Task Agents_FromAFileToACertificate_AndToAnotherOwner()
    {
        var appliance = await shared.GetAsync();
        using var folder = new TempFolder();
        var file = folder.File("agents.yaml");
        var id = $"spiffe://{Csr.TrustDomain}/agent/{Name}";
        var yaml = $"agent: {id}\nowner: registry-tests\ntier: medium\npurpose: \"Takes questions: all of them\"\nprofiles: [agent]\nchildren: none\npolicy:\n  scopes: [\"mail.send:example.org/*\"]\n";
        await File.WriteAllTextAsync(file, yaml);
        var diff = await appliance.Cli.RunAsync("agents", "diff", "-f", file);
        Assert.Equal(Differs, diff.ExitCode);
        Assert.Contains("tier: - → medium", diff.Text, StringComparison.Ordinal);
        Assert.Equal($"{id} created", (await appliance.Cli.RunAsync("agents", "apply", "-f", file)).MustSucceed().Text.Trim());

        // What is exported is what was applied; a mistake has its line.
        await File.WriteAllTextAsync(file, (await appliance.Cli.RunAsync("agents", "export", "--owner", "registry-tests")).MustSucceed().Text);
        Assert.Equal($"{id} unchanged", (await appliance.Cli.RunAsync("agent", "apply", "--file", file)).MustSucceed().Text.Trim());
        await File.WriteAllTextAsync(file, yaml + "teir: low\n");
        Assert.Contains("agents.yaml:9: teir: unknown field", (await appliance.Cli.RunAsync("agents", "apply", "-f", file)).MustFail().Error, StringComparison.OrdinalIgnoreCase); // it begins a sentence

        // It enrols for what it is registered for, and nobody else takes its name.
        var mine = (await appliance.Cli.RunAsync("credential", "new", "--owner", "registry-tests", "--uses", "0")).MustSucceed().Text.Split('\n').Select(l => l.Trim()).Single(l => l.Contains(':', StringComparison.Ordinal) && !l.Contains(' ', StringComparison.Ordinal));
        Assert.Contains("certificates of agent only", await EnrolAsync(appliance, mine, "agent-short/"), StringComparison.Ordinal);
        Assert.Contains("belongs to another owner", await EnrolAsync(appliance, appliance.Credential, ""), StringComparison.Ordinal);
        (await EnrolledAgent.EnrollNamedAsync(appliance, Name, credential: mine)).Certificate.Dispose();

        (await appliance.Cli.RunAsync("owner", "leave", "registry-tests")).MustSucceed();
        Assert.Contains(id, (await appliance.Cli.RunAsync("agents", "list", "--orphans")).MustSucceed().Text, StringComparison.Ordinal);
        (await appliance.Cli.RunAsync("owners", "add", "registry-heirs", "--kind", "team")).MustSucceed();
        Assert.Contains("1 agent of registry-tests belongs to registry-heirs now", (await appliance.Cli.RunAsync("owner", "transfer", "registry-tests", "--to", "registry-heirs")).MustSucceed().Text, StringComparison.Ordinal);
        Assert.Contains("belongs to another owner", await EnrolAsync(appliance, mine, ""), StringComparison.Ordinal);
    }

    private static async Task<string> EnrolAsync(Appliance appliance, string credential, string label)
    {
        using var key = Csr.NewP256();
        var answer = await appliance.Https().ExchangeAsync(Requests.Enroll($"{label}simpleenroll", Csr.ForDns(key, Name), Requests.Basic(credential)));
        Assert.NotNull(answer);
        Assert.True(answer.Status >= 400, answer.Text);
        return answer.Text;
    }
}
