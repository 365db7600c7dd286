using System.Buffers.Binary;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPki.Protocols.Http;

/// <summary>Who is at the other end of a Unix socket, as the kernel says (unix(7), SO_PEERCRED).</summary>
public sealed record PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>Reads the peer of a connected Unix socket: <c>struct ucred { pid_t pid; uid_t uid; gid_t gid; }</c>.</summary>
    public static PeerCredentials Of(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[12];
        _ = socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials);
        // The processors supported here (x86_64, aarch64) are little-endian.
        return new PeerCredentials(
            BinaryPrimitives.ReadInt32LittleEndian(credentials),
            BinaryPrimitives.ReadUInt32LittleEndian(credentials[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(credentials[8..]));
    }

    /// <summary>Reads every connection's peer once; drops a peer that is neither the appliance's own user nor root.</summary>
    public static ListenOptions Require(ListenOptions options, uint self)
    {
        options.Use(next => async connection =>
        {
            if (connection.Features.Get<IConnectionSocketFeature>() is { } feature && Of(feature.Socket) is var peer && (peer.UserId == self || peer.UserId == 0))
            {
                connection.Features.Set(peer);
                await next(connection);
            }
        });
        return options;
    }
}
