using AgentPki.Integration.Harness;

[assembly: AssemblyFixture(typeof(SharedAppliance))]

namespace AgentPki.Integration.Harness;

/// <summary>
/// One appliance for every test that neither harms nor reconfigures it: starting one takes seconds. It starts when the first
/// test asks for it.
/// </summary>
public sealed class SharedAppliance : IAsyncDisposable
{
    private readonly Lazy<AcmeTargets> targets = new(() => new AcmeTargets());
    private readonly Lazy<Task<Appliance>> appliance;

    public SharedAppliance() => appliance = new(() => Appliance.StartNewAsync(new ApplianceOptions { Environment = targets.Value.Environment }));

    /// <summary>Where it looks when it validates; the ports are for one client at a time.</summary>
    internal AcmeTargets Targets => targets.Value;

    internal Task<Appliance> GetAsync() => appliance.Value;

    public async ValueTask DisposeAsync()
    {
        if (appliance.IsValueCreated)
        {
            await (await appliance.Value).DisposeAsync();
        }

        if (targets.IsValueCreated)
        {
            await targets.Value.DisposeAsync();
        }
    }
}
