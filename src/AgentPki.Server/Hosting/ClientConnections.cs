using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPki.Server.Hosting;

/// <summary>How many connections each client address holds; further ones are closed before any TLS work is spent on them.</summary>
public sealed class ClientConnections(int maximum)
{
    private readonly ConcurrentDictionary<UInt128, int> _open = new();

    public bool TryEnter(IPAddress client)
    {
        var key = Key(client);
        if (_open.AddOrUpdate(key, 1, static (_, count) => count + 1) <= maximum)
        {
            return true;
        }

        Leave(key);
        return false;
    }

    public void Leave(IPAddress client) => Leave(Key(client));

    /// <summary>Guards a Kestrel listener.</summary>
    public ListenOptions Guard(ListenOptions options)
    {
        options.Use(next => async connection =>
        {
            if (connection.RemoteEndPoint is not IPEndPoint { Address: var client })
            {
                await next(connection);
            }
            else if (TryEnter(client))
            {
                try
                {
                    await next(connection);
                }
                finally
                {
                    Leave(client);
                }
            }
        });
        return options;
    }

    /// <summary>What tells clients apart: the address; of an IPv6 address its /64, for one host owns a whole one.</summary>
    public static UInt128 Key(IPAddress address)
    {
        Span<byte> octets = stackalloc byte[16];
        var wide = address.AddressFamily == AddressFamily.InterNetworkV6 ? address : address.MapToIPv6();
        _ = wide.TryWriteBytes(octets, out _);
        if (!wide.IsIPv4MappedToIPv6)
        {
            octets[8..].Clear();
        }

        return BinaryPrimitives.ReadUInt128BigEndian(octets);
    }

    private void Leave(UInt128 key)
    {
        var left = _open.AddOrUpdate(key, 0, static (_, count) => count - 1);
        if (left <= 0)
        {
            // Removes the pair only while it still says zero.
            _open.TryRemove(new KeyValuePair<UInt128, int>(key, left));
        }
    }
}
