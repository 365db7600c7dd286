using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AgentPki.Pkcs11.Errors;

namespace AgentPki.Pkcs11;

/// <summary>What operators see of a token: meter <c>AgentPki.Pkcs11</c>, every measurement tagged with the token's configured name.</summary>
internal sealed class Pkcs11Metrics : IDisposable
{
    public const string MeterName = "AgentPki.Pkcs11";

    private static readonly Meter Meter = new(MeterName);
    private static readonly ConcurrentDictionary<Pkcs11Metrics, byte> Live = new();

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "agentpki.pkcs11.operation.duration", "s", "From the caller's request to the token's answer, queueing included, by operation.");

    private static readonly Counter<long> Errors = Meter.CreateCounter<long>(
        "agentpki.pkcs11.errors", "{error}", "Calls that the token refused, by CKR code; those mended by a second try included.");

    private readonly KeyValuePair<string, object?> _token;
    private readonly ConcurrentDictionary<string, KeyValuePair<string, object?>> _operations = new(StringComparer.Ordinal);
    private readonly Func<TokenHealth> _health;

    static Pkcs11Metrics()
    {
        Gauge("agentpki.pkcs11.sessions.open", "{session}", "Sessions held by the pool's threads.", h => h.Sessions);
        Gauge("agentpki.pkcs11.sessions.in_use", "{session}", "Operations in the token now.", h => h.Busy);
        Gauge("agentpki.pkcs11.queue.length", "{operation}", "Operations that wait for a session.", h => h.Queued);
        Gauge("agentpki.pkcs11.calls.stuck", "{call}", "Calls that the module does not come back from.", h => h.Stuck);
        Gauge("agentpki.pkcs11.breaker.state", "{state}", "0 closed, 1 half-open, 2 open.", h => (int)h.Breaker);
    }

    public Pkcs11Metrics(string token, Func<TokenHealth> health)
    {
        (_token, _health) = (new("token", token), health);
        Live.TryAdd(this, 0);
    }

    public void Done(string operation, TimeSpan elapsed) => Duration.Record(elapsed.TotalSeconds, _token, Tag(operation));

    public void Failed(TokenCallException refusal) => Errors.Add(1, _token, new("ckr", refusal.Explanation.Name), new("call", refusal.Call.Split('(')[0]));

    public void Dispose() => Live.TryRemove(this, out _);

    private static void Gauge(string name, string unit, string description, Func<TokenHealth, int> value) =>
        Meter.CreateObservableGauge(name, () => Live.Keys.Select(m => new Measurement<int>(value(m._health()), m._token)), unit, description);

    private KeyValuePair<string, object?> Tag(string operation) => _operations.GetOrAdd(operation, static o => new("operation", o));
}
