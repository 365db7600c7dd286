using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace AgentPki.Pkcs11.Mirrored;

/// <summary>What operators see of a key in two tokens: meter <c>AgentPki.Pkcs11</c>, tagged with the first token's configured name.</summary>
internal sealed class MirrorMetrics : IDisposable
{
    private static readonly Meter Meter = new(Pkcs11Metrics.MeterName);
    private static readonly ConcurrentDictionary<MirrorMetrics, byte> Live = new();
    private static readonly Counter<long> Changes = Meter.CreateCounter<long>(
        "agentpki.pkcs11.mirror.changes", "{change}", "Keys in two tokens that changed from one to the other, by the token that signs from then on.");

    private readonly KeyValuePair<string, object?> _token;
    private int _onSecond;

    static MirrorMetrics() => Meter.CreateObservableGauge(
        "agentpki.pkcs11.mirror.keys_on_second", () => Live.Keys.Select(m => new Measurement<int>(Volatile.Read(ref m._onSecond), m._token)), "{key}", "Keys that the second token signs with now, for the first is away.");

    public MirrorMetrics(string token)
    {
        _token = new("token", token);
        Live.TryAdd(this, 0);
    }

    /// <summary>Keys that the second token signs with now.</summary>
    public int OnSecond => Volatile.Read(ref _onSecond);

    public void TookSecond()
    {
        Interlocked.Increment(ref _onSecond);
        Changes.Add(1, _token, new("to", "second"));
    }

    public void TookFirst()
    {
        Interlocked.Decrement(ref _onSecond);
        Changes.Add(1, _token, new("to", "first"));
    }

    /// <summary>A key was closed that the second signed with.</summary>
    public void Closed() => Interlocked.Decrement(ref _onSecond);

    public void Dispose() => Live.TryRemove(this, out _);
}
