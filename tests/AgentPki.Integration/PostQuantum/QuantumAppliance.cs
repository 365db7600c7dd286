using AgentPki.Integration.Harness;

namespace AgentPki.Integration.PostQuantum;

/// <summary>One appliance of profile ml-dsa-65, with its platform on OpenSSL 3.5, for the tests of one class.</summary>
public sealed class QuantumAppliance : IAsyncLifetime
{
    private Appliance? appliance;

    internal Appliance Value => appliance ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync() => appliance = await Appliance.StartNewAsync(await PostQuantumParts.OptionsAsync("ml-dsa-65"));

    public ValueTask DisposeAsync() => appliance?.DisposeAsync() ?? ValueTask.CompletedTask;
}
