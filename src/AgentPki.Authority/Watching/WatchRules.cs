using System.Collections.Immutable;
using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Watching.Webhook;
using AgentPki.Ledger;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Watching;

/// <summary>What an agent that is narrowed by rule may still do, and for how long.</summary>
/// <param name="Scopes">Within these alone; none: nothing.</param>
public sealed record WatchNarrowing(ScopeSet Scopes, TimeSpan For);

/// <summary>How agents are watched, and what is done: <c>watch.yaml</c>, or what is in force where there is none (docs/watching.md).</summary>
public sealed record WatchRules : IRules
{
    public BehaviourSettings Settings { get; init; } = BehaviourSettings.Default;

    /// <summary>By tier and detector; what is not named is an alert.</summary>
    public ImmutableDictionary<(RiskTier Tier, Detector Detector), BehaviourResponse> Responses { get; init; } = ImmutableDictionary<(RiskTier Tier, Detector Detector), BehaviourResponse>.Empty;

    /// <summary>So many agents (with their families) are answered with more than an alert within an hour; beyond that a detector has gone wrong, or something that is for people to judge.</summary>
    public int ResponsesAnHour { get; init; } = 10;

    /// <summary>What <see cref="BehaviourResponse.Narrow"/> narrows to; null: nothing that is narrowed is named, and no response is that.</summary>
    public WatchNarrowing? Narrowing { get; init; }

    /// <summary>Who is told; null: nobody outside.</summary>
    public WatchWebhook? Webhook { get; init; }

    /// <summary>SHA-256 of the file; of what is built in: of nothing.</summary>
    public string Digest { get; init; } = ApprovedFiles.DigestOf([]);

    /// <summary>Nothing is done but said.</summary>
    public static WatchRules BuiltIn { get; } = new();

    public static RulesKind<WatchRules> Kind { get; } = new(WatchRulesReader.File, "The rules of the watch", "watch", BuiltIn, WatchRulesReader.Read, LedgerEntryKind.WatchRulesChanged, LedgerEntryKind.WatchRulesRefused);

    public BehaviourResponse Of(RiskTier tier, Detector detector) => Responses.GetValueOrDefault((tier, detector));
}
