using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AgentPki.Server.Hosting;

/// <summary>How many connections each client address holds; further ones are closed before any TLS work is spent on them.</summary>
public sealed class ClientConnections(int maximum)
{
    private readonly ConcurrentDictionary<UInt128, int> _open = new();

    public bool TryEnter(IPAddress client)
    {
        var key = ClientRates.Key(client);
        if (_open.AddOrUpdate(key, 1, static (_, count) => count + 1) <= maximum)
        {
            return true;
        }

        Leave(key);
        return false;
    }

    public void Leave(IPAddress client) => Leave(ClientRates.Key(client));

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
