using System.Diagnostics.Metrics;

namespace AgentPki.Protocols.Watching;

/// <summary>The webhook's instruments. No label carries a name or an address.</summary>
internal sealed class WebhookMetrics : IDisposable
{
    private readonly Meter _meter = new("AgentPki.Protocols.Watching");
    private readonly Counter<long> _attempts;

    public WebhookMetrics(Func<int> waiting, Func<long> lost)
    {
        _attempts = _meter.CreateCounter<long>("agentpki.watch.webhook.attempts", "{attempt}", "Messages sent to the watch's webhook, by outcome: taken, failed or refused");
        _meter.CreateObservableGauge("agentpki.watch.webhook.waiting", waiting, "{event}", "Events that wait to be sent to the watch's webhook");
        _meter.CreateObservableCounter("agentpki.watch.webhook.lost", lost, "{event}", "Events that the watch's webhook was not told of: too many waited, or its receiver did not take them");
    }

    public void Attempted(string outcome) => _attempts.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Dispose() => _meter.Dispose();
}
