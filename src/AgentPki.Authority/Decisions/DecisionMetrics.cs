using System.Diagnostics.Metrics;
using AgentPki.Agents.Decisions;

namespace AgentPki.Authority.Decisions;

/// <summary>Counts and times decisions, under the authority's meter.</summary>
internal sealed class DecisionMetrics : IDisposable
{
    private readonly Meter _meter = new(AuthorityMetrics.MeterName);
    private readonly Counter<long> _decisions;
    private readonly Histogram<double> _duration;

    /// <param name="policiesInForce">Whether what lies in the folder is in force.</param>
    /// <param name="unanchored">Records that the ledger does not know yet.</param>
    public DecisionMetrics(Func<bool> policiesInForce, Func<long> unanchored)
    {
        _decisions = _meter.CreateCounter<long>("agentpki.decisions", description: "Actions that were decided, by decision and by the first rule that decided.");
        _duration = _meter.CreateHistogram<double>("agentpki.decision.duration", "s", "From a question that was read to its answer.");
        _meter.CreateObservableGauge("agentpki.policies.in_force", () => policiesInForce() ? 1 : 0, description: "1: the policies in the folder decide; 0: they were not taken, and older ones do.");
        _meter.CreateObservableGauge("agentpki.decisions.unanchored", unanchored, description: "Records of the decision log that the ledger does not know yet.");
    }

    public void Decided(Decision decision, TimeSpan elapsed)
    {
        _decisions.Add(1, new KeyValuePair<string, object?>("decision", decision.IsPermitted ? "permit" : "deny"), new KeyValuePair<string, object?>("rule", decision.Reasons[0].Rule.Word()));
        _duration.Record(elapsed.TotalSeconds);
    }

    public void Dispose() => _meter.Dispose();
}
