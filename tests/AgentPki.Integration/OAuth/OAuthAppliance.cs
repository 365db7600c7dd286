using AgentPki.Integration.Harness;

namespace AgentPki.Integration.OAuth;

/// <summary>An appliance that gives tokens for an MCP server too; for the tests of one class.</summary>
public sealed class OAuthAppliance : IAsyncDisposable
{
    public const string Mcp = "https://mcp.example.org/mcp";
    public const string Tools = "https://tools.example.org";

    private readonly Lazy<Task<Appliance>> appliance = new(StartAsync);

    internal Task<Appliance> GetAsync() => appliance.Value;

    internal static string IdOf(EnrolledAgent agent) => $"spiffe://{Csr.TrustDomain}/agent/{agent.Name}";

    public async ValueTask DisposeAsync()
    {
        if (appliance.IsValueCreated)
        {
            await (await appliance.Value).DisposeAsync();
        }
    }

    private static async Task<Appliance> StartAsync()
    {
        var appliance = await Appliance.StartNewAsync();
        await appliance.StopAsync();
        var configuration = Path.Combine(appliance.Home, "agentpki.yaml");
        var text = await File.ReadAllTextAsync(configuration);
        await File.WriteAllTextAsync(configuration, text.Replace("oauth:\n", $"oauth:\n  resources: [{{uri: {Tools}}}, {{uri: {Mcp}, mtls: false}}]\n", StringComparison.Ordinal));
        await appliance.StartAsync();
        return appliance;
    }
}
