using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace AgentPki.Protocols.Acme.Validation.Resolution;

/// <summary>
/// One question to one server, and its answer: by UDP, or by TCP where UDP carried too little (RFC 7766 §5). Each question has a socket of its own,
/// connected, so that its port is fresh and the kernel drops what other addresses send (RFC 5452 §9.1, §9.2).
/// </summary>
internal static class DnsExchange
{
    // Datagrams that are no answer to the question are skipped; who sends more than this is trying to guess.
    private const int MaximumStrays = 64;

    /// <exception cref="SocketException">The server cannot be reached.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static async ValueTask<DnsReply?> UdpAsync(IPEndPoint server, DnsQuery query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query.Message, SocketFlags.None, cancellationToken);
        var buffer = new byte[4096];
        for (var strays = 0; strays < MaximumStrays; strays++)
        {
            var length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            if (DnsReply.Read(buffer.AsSpan(0, length), query) is { } reply)
            {
                return reply;
            }
        }

        return null;
    }

    /// <exception cref="SocketException">The server cannot be reached.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static async ValueTask<DnsReply?> TcpAsync(IPEndPoint server, DnsQuery query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        // RFC 7766 §8: the length and the message in one write.
        var framed = new byte[2 + query.Message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Message.Length);
        query.Message.CopyTo(framed.AsMemory(2));
        await stream.WriteAsync(framed, cancellationToken);
        var prefix = new byte[2];
        await stream.ReadExactlyAsync(prefix, cancellationToken);
        var message = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
        await stream.ReadExactlyAsync(message, cancellationToken);
        return DnsReply.Read(message, query);
    }
}
