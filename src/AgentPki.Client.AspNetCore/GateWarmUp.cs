using AgentPki.Client.Peers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AgentPki.Client.AspNetCore;

/// <summary>Begins to follow the feed with the host, not with the first handshake; and a wrong option ends the start with its sentence.</summary>
internal sealed class GateWarmUp(IServiceProvider services) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ = services.GetRequiredService<PeerGate>();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
