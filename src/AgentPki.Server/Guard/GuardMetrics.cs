using System.Diagnostics.Metrics;
using AgentPki.Client.Peers;
using AgentPki.Client.Revocation;
using AgentPki.Client.Tokens;

namespace AgentPki.Server.Guard;

/// <summary>The guard's numbers (<c>AgentPki.Guard</c>).</summary>
internal sealed class GuardMetrics : IDisposable
{
    private readonly Meter _meter = new("AgentPki.Guard");
    private readonly Counter<long> _refused;
    private readonly Counter<long> _tokensRefused;

    public GuardMetrics(RevocationFollower follower, PeerGate? gate, TimeProvider clock)
    {
        _refused = _meter.CreateCounter<long>("agentpki.guard.refused", "{connection}", "Connections that were not let in, by reason.");
        _tokensRefused = _meter.CreateCounter<long>("agentpki.guard.tokens.refused", "{request}", "Requests without an access token that is good here, by reason.");
        _meter.CreateObservableGauge("agentpki.guard.feed.sequence", () => follower.View.Sequence, "{event}", "The last revocation that is taken into account.");
        _meter.CreateObservableGauge("agentpki.guard.feed.age", () => follower.View.AsOf is { } asOf ? (clock.GetUtcNow() - asOf).TotalSeconds : -1, "s", "How old the feed's last word is; -1: nothing was heard yet.");
        if (gate is not null)
        {
            _meter.CreateObservableGauge("agentpki.guard.connections", () => gate.OpenConnections, "{connection}", "Connections that are open.");
            _meter.CreateObservableCounter("agentpki.guard.cut", () => gate.CutConnections, "{connection}", "Open connections that were cut because their peer was good no more.");
        }
    }

    public void Refused(RefusalKind kind) => _refused.Add(1, new KeyValuePair<string, object?>("reason", kind.ToString()));

    /// <param name="kind">Null: it brought none.</param>
    public void TokenRefused(TokenRefusalKind? kind) => _tokensRefused.Add(1, new KeyValuePair<string, object?>("reason", kind?.ToString() ?? "None"));

    public void Dispose() => _meter.Dispose();
}
