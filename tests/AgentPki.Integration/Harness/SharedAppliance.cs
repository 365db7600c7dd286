using AgentPki.Integration.Harness;

[assembly: AssemblyFixture(typeof(SharedAppliance))]

namespace AgentPki.Integration.Harness;

/// <summary>
/// One appliance for every test that neither harms nor reconfigures it: starting one takes seconds. It starts when the first
/// test asks for it.
/// </summary>
public sealed class SharedAppliance : IAsyncDisposable
{
    private readonly Lazy<Task<Appliance>> appliance = new(() => Appliance.StartNewAsync());

    internal Task<Appliance> GetAsync() => appliance.Value;

    public async ValueTask DisposeAsync()
    {
        if (appliance.IsValueCreated)
        {
            await (await appliance.Value).DisposeAsync();
        }
    }
}
