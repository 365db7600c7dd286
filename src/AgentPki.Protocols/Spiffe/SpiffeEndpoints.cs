using AgentPki.Protocols.Spiffe.Attestation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace AgentPki.Protocols.Spiffe;

/// <summary>The SPIFFE Workload API: gRPC over HTTP/2 without TLS, on a Unix socket (SPIFFE Workload API §2, SPIFFE Workload Endpoint).</summary>
public static class SpiffeEndpoints
{
    // Requests of the API are a SPIFFE ID, audiences, at most a token.
    private const int LongestRequest = 64 * 1024;

    public static IServiceCollection AddWorkloadApi(this IServiceCollection services, SpiffeServices spiffe)
    {
        services.AddSingleton(new WorkloadApi(spiffe));
        services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = LongestRequest;
            options.MaxSendMessageSize = null;
            options.EnableDetailedErrors = false;
        });
        return services;
    }

    public static GrpcServiceEndpointConventionBuilder MapWorkloadApi(this IEndpointRouteBuilder routes) => routes.MapGrpcService<WorkloadApi>();

    /// <summary>Makes a listener one of workloads: each connection has its process, and one without is closed.</summary>
    /// <param name="perUser">Connections that one user may have open: no other user, and no other door, is left without for his.</param>
    public static ListenOptions UseWorkloads(this ListenOptions listener, int perUser)
    {
        var open = new UserCounts(perUser);
        listener.Protocols = HttpProtocols.Http2;
        listener.Use(next => async connection =>
        {
            if (connection.Features.Get<IConnectionSocketFeature>() is { } feature && WorkloadPeer.Of(feature.Socket) is { } peer)
            {
                using (peer)
                {
                    if (!open.TryEnter(peer.Credentials.UserId))
                    {
                        return;
                    }

                    try
                    {
                        connection.Features.Set(peer);
                        await next(connection);
                    }
                    finally
                    {
                        open.Leave(peer.Credentials.UserId);
                    }
                }
            }
        });
        return listener;
    }
}
