using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AgentPki.Server.Hosting;

/// <summary>
/// How fast each client address may ask: the generic cell rate algorithm (one number per client, no lock), forgetting clients that
/// have gone quiet. IPv6 clients are told apart by their /64, for one host owns a whole one.
/// </summary>
public sealed class ClientRates
{
    private const int MaximumClients = 100_000;
    private readonly ConcurrentDictionary<UInt128, Arrival> _clients = new();
    private readonly TimeProvider _clock;
    private readonly long _interval;
    private readonly long _tolerance;
    private int _count;

    /// <param name="perSecond">Requests per second on average, at least 1.</param>
    /// <param name="burst">Requests at once, at least 1.</param>
    public ClientRates(int perSecond, int burst, TimeProvider clock)
    {
        _clock = clock;
        _interval = Math.Max(1, clock.TimestampFrequency / perSecond);
        _tolerance = _interval * burst;
    }

    /// <summary>Takes one request of a client's share.</summary>
    /// <param name="retryAfter">When it may ask again, if it may not now.</param>
    public bool TryTake(IPAddress client, out TimeSpan retryAfter)
    {
        var now = _clock.GetTimestamp();
        var arrival = Find(Key(client), now);
        while (true)
        {
            var expected = Volatile.Read(ref arrival.Theoretical);
            var next = Math.Max(expected, now) + _interval;
            if (next - now > _tolerance)
            {
                retryAfter = TimeSpan.FromSeconds((next - now - _tolerance) / (double)_clock.TimestampFrequency);
                return false;
            }

            if (Interlocked.CompareExchange(ref arrival.Theoretical, next, expected) == expected)
            {
                retryAfter = TimeSpan.Zero;
                return true;
            }
        }
    }

    /// <summary>The key that tells clients apart.</summary>
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

    private Arrival Find(UInt128 key, long now)
    {
        if (_clients.TryGetValue(key, out var arrival))
        {
            return arrival;
        }

        // ConcurrentDictionary.Count locks every bucket: count additions instead.
        if (Interlocked.Increment(ref _count) > MaximumClients)
        {
            ForgetQuiet(now);
        }

        return _clients.GetOrAdd(key, static _ => new Arrival());
    }

    private void ForgetQuiet(long now)
    {
        foreach (var (key, arrival) in _clients)
        {
            if (Volatile.Read(ref arrival.Theoretical) <= now)
            {
                _clients.TryRemove(key, out _);
            }
        }

        Volatile.Write(ref _count, _clients.Count);
    }

    private sealed class Arrival
    {
#pragma warning disable CA1051 // taken by reference for Interlocked
        public long Theoretical;
#pragma warning restore CA1051
    }
}
