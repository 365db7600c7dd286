using System.Diagnostics.Metrics;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11;

/// <summary>What a token's operator watches. Meter <c>AgentPki.Pkcs11</c>; every instrument is tagged with the token's configuration name.</summary>
internal sealed class Pkcs11Metrics : IDisposable
{
    public const string MeterName = "AgentPki.Pkcs11";

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _errors;
    private readonly KeyValuePair<string, object?> _token;

    public Pkcs11Metrics(string token, Func<int> breaker, Func<int> sessions, Func<int> waiting)
    {
        _token = new("token", token);
        KeyValuePair<string, object?>[] tags = [_token];
        _duration = _meter.CreateHistogram<double>("agentpki.pkcs11.operation.duration", "s", "Time of one token operation as its caller sees it, queueing included");
        _errors = _meter.CreateCounter<long>("agentpki.pkcs11.errors", "{error}", "Token calls that failed, by CKR code");
        _meter.CreateObservableGauge("agentpki.pkcs11.breaker.state", () => new Measurement<int>(breaker(), tags), "{state}", "0 closed, 1 half open, 2 open");
        _meter.CreateObservableGauge("agentpki.pkcs11.sessions", () => new Measurement<int>(sessions(), tags), "{session}", "Session threads");
        _meter.CreateObservableGauge("agentpki.pkcs11.queue", () => new Measurement<int>(waiting(), tags), "{operation}", "Operations waiting for a session");
    }

    public void Called(string operation, TimeSpan duration) => _duration.Record(duration.TotalSeconds, _token, new("operation", operation));

    public void Failed(string operation, CKR result) => _errors.Add(1, _token, new("operation", operation), new("result", result.ToString()));

    public void Dispose() => _meter.Dispose();
}
