using AgentPki.Protocols.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace AgentPki.Protocols.Witness;

/// <summary>A witness as C2SP tlog-witness v1.0.0 has it; submission prefix and monitoring prefix are both the root.</summary>
public static class WitnessEndpoints
{
    /// <summary>Maps <c>POST /add-checkpoint</c> and <c>GET /{SHA-256 of the origin}/checkpoint</c>.</summary>
    public static void MapWitness(this IEndpointRouteBuilder routes, WitnessServices services)
    {
        var handler = new WitnessHandler(services);
        routes.MapOnly(HttpMethods.Post, "/add-checkpoint", handler.AddAsync);
        routes.MapReadable("/{origin:length(64)}/checkpoint", handler.CheckpointAsync);
    }
}
