using System.Diagnostics.Metrics;
using AgentPki.Protocols.Spiffe.Federation;

namespace AgentPki.Server.Spiffe;

/// <summary>How old what is known of foreign trust domains is (<c>AgentPki.Federation</c>).</summary>
internal sealed class FederationMetrics : IDisposable
{
    private readonly Meter _meter = new("AgentPki.Federation");

    public FederationMetrics(IReadOnlyList<BundleFollower> followers, TimeProvider time) => _meter.CreateObservableGauge(
        "agentpki.federation.bundle.age",
        () => followers.Select(f => new Measurement<double>(f.Heard is { } heard ? (time.GetUtcNow() - heard).TotalSeconds : -1, new KeyValuePair<string, object?>("trust_domain", f.TrustDomain))),
        "s",
        "Since a foreign trust domain's endpoint last served its bundle; -1: not since the start.");

    public void Dispose() => _meter.Dispose();
}
