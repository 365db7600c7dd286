using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Status;

/// <summary>An appliance whose issuing CA has two shards and delta CRLs, which its agents' certificates point to; for the tests of one class.</summary>
public sealed class StatusAppliance : IAsyncDisposable
{
    public const int Shards = 2;

    private readonly Lazy<Task<Appliance>> appliance = new(StartAsync);

    internal Task<Appliance> GetAsync() => appliance.Value;

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
        await File.WriteAllTextAsync(configuration, (await File.ReadAllTextAsync(configuration)).Replace("crl:\n", $"crl:\n  authorities: [{{name: issuing, shards: {Shards}, delta: 1h}}]\n", StringComparison.Ordinal));
        var profile = Path.Combine(appliance.Home, "profiles", "agent.yaml");
        await File.WriteAllTextAsync(profile, (await File.ReadAllTextAsync(profile)).Replace("  crl: true", "  crl: true\n  deltaCrl: true", StringComparison.Ordinal));
        await appliance.StartAsync();
        return appliance;
    }
}
