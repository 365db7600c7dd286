using System.Diagnostics.Metrics;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;

namespace AgentPki.Authority.Registry;

/// <summary>The registry's instruments. No label carries a name.</summary>
internal sealed class RegistryMetrics : IDisposable
{
    private readonly Meter _meter = new(AuthorityMetrics.MeterName);
    private readonly Counter<long> _suspended;
    private RegistryCounts _counts = new(0, 0);

    public RegistryMetrics(RulesKeeper<RegistryRules> rules)
    {
        _suspended = _meter.CreateCounter<long>("agentpki.registry.suspended", "{agent}", "Agents suspended by a rule of the registry, by rule");
        _meter.CreateObservableGauge("agentpki.registry.orphans", () => Volatile.Read(ref _counts).Orphans, "{agent}", "Active agents whose owner has left");
        _meter.CreateObservableGauge("agentpki.registry.reviews.overdue", () => Volatile.Read(ref _counts).Overdue, "{agent}", "Active agents whose review is overdue");
        _meter.CreateObservableGauge("agentpki.registry.rules.refused", () => rules.Problem is null ? 0 : 1, description: "1 while the registry's rules as they lie in the home do not serve");
    }

    public RegistryCounts Counts
    {
        get => Volatile.Read(ref _counts);
        set => Volatile.Write(ref _counts, value);
    }

    public void Suspended(SuspensionRule rule) => _suspended.Add(1, new KeyValuePair<string, object?>("rule", rule == SuspensionRule.OwnerLeft ? "owner-left" : "review-overdue"));

    public void Dispose() => _meter.Dispose();
}

/// <summary>What a round of the watch has found, as it left it.</summary>
/// <param name="Orphans">Active agents whose owner has left.</param>
/// <param name="Overdue">Active agents whose review was due before today.</param>
public sealed record RegistryCounts(long Orphans, long Overdue);
