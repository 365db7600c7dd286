using System.Diagnostics.Metrics;
using AgentPki.Agents.Behaviour;
using AgentPki.Authority.Governance;

namespace AgentPki.Authority.Watching;

/// <summary>The watch's instruments. No label carries a name.</summary>
internal sealed class WatchMetrics : IDisposable
{
    private readonly Meter _meter = new(AuthorityMetrics.MeterName);
    private readonly Counter<long> _findings;
    private readonly Counter<long> _responses;

    public WatchMetrics(BehaviourQueue queue, Func<int> agents, RulesKeeper<WatchRules> rules)
    {
        _findings = _meter.CreateCounter<long>("agentpki.watch.findings", "{finding}", "What detectors found in agents' behaviour, by detector");
        _responses = _meter.CreateCounter<long>("agentpki.watch.responses", "{response}", "What was done about findings, by response and whether it was done");
        _meter.CreateObservableCounter("agentpki.watch.dropped", () => queue.Dropped, "{event}", "Events that were not looked at because too many waited");
        _meter.CreateObservableGauge("agentpki.watch.waiting", () => queue.Waiting, "{event}", "Events that wait to be looked at");
        _meter.CreateObservableGauge("agentpki.watch.agents", agents, "{agent}", "Agents whose behaviour is remembered");
        _meter.CreateObservableGauge("agentpki.watch.rules.refused", () => rules.Problem is null ? 0 : 1, description: "1 while the watch's rules as they lie in the home do not serve");
    }

    public void Found(Detector detector) => _findings.Add(1, new KeyValuePair<string, object?>("detector", detector.Word()));

    public void Answered(BehaviourResponse response, bool done) =>
        _responses.Add(1, new KeyValuePair<string, object?>("response", response.Word()), new KeyValuePair<string, object?>("done", done));

    public void Dispose() => _meter.Dispose();
}
