using System.Net.Sockets;
using AgentPki.Protocols.Spiffe.Wire;
using Grpc.Core;
using Grpc.Net.Client;

namespace AgentPki.Integration.Harness;

/// <summary>A stock gRPC client at an appliance's Workload API.</summary>
internal sealed class WorkloadClient : IDisposable
{
    private readonly GrpcChannel _channel;

    public WorkloadClient(string home)
    {
        _channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, cancellationToken) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path.Combine(home, "workload.sock")), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            },
            DisposeHttpClient = true,
        });
        Api = new SpiffeWorkloadAPI.SpiffeWorkloadAPIClient(_channel);
    }

    public static Metadata Header => new() { { "workload.spiffe.io", "true" } };

    public SpiffeWorkloadAPI.SpiffeWorkloadAPIClient Api { get; }

    public void Dispose() => _channel.Dispose();
}
