using System.Diagnostics.Metrics;
using AgentPki.Ledger.Witnessing;

namespace AgentPki.Server.Witnessing;

/// <summary>A witness's numbers (<c>AgentPki.Witness</c>).</summary>
internal sealed class WitnessMetrics : IDisposable
{
    private readonly Meter _meter = new("AgentPki.Witness");
    private readonly Counter<long> _answers;

    public WitnessMetrics(WitnessFolder folder)
    {
        _answers = _meter.CreateCounter<long>("agentpki.witness.submissions", "{submission}", "Heads that were submitted, by verdict.");
        _meter.CreateObservableGauge("agentpki.witness.evidence", () => folder.Logs.Sum(log => folder.Evidence(log.Origin).Count), "{head}", "Signed heads that were refused and kept.");
    }

    public void Answered(WitnessAnswer answer) => _answers.Add(1, new KeyValuePair<string, object?>("verdict", answer is WitnessAnswer.Refused(var verdict, _) ? verdict.GetType().Name : answer.GetType().Name));

    public void Dispose() => _meter.Dispose();
}
