using AgentPki.Integration.Harness;

namespace AgentPki.Integration.BadInput;

/// <summary>An appliance for the abused: what is done to it must not change what other tests see.</summary>
public sealed class HostileAppliance : IAsyncDisposable
{
    private readonly Lazy<Task<HostileWorld>> world = new(StartAsync);

    internal Task<HostileWorld> GetAsync() => world.Value;

    internal async Task<HttpAnswer?> SendAsync(HostileCase hostile)
    {
        var made = await GetAsync();
        var client = hostile.PlainHttp ? made.Appliance.Http() : made.Appliance.Https();
        return await client.ExchangeAsync(hostile.Request(made), hostile.Identity?.Invoke(made));
    }

    public async ValueTask DisposeAsync()
    {
        if (world.IsValueCreated)
        {
            await (await world.Value).Appliance.DisposeAsync();
        }
    }

    private static async Task<HostileWorld> StartAsync()
    {
        var appliance = await Appliance.StartNewAsync();
        return new HostileWorld(appliance, await EnrolledAgent.CreateAsync(appliance));
    }
}
