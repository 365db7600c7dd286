using System.Text.Json.Serialization;
using AgentPki.Agents.Registry;

namespace AgentPki.Protocols.Admin;

/// <summary>What is done about a finding of one detector, by tier.</summary>
public sealed record TierResponseView(RiskTier Tier, string Response);

/// <summary>How a detector judges.</summary>
/// <param name="Factor">How many times an agent's usual peak is unusual.</param>
/// <param name="Percent">The least share of its requests in the window.</param>
/// <param name="Bound">So many are too many for any agent; null: there is no such number.</param>
/// <param name="Responses">The lowest tier first.</param>
public sealed record DetectorView(string Detector, long WindowSeconds, long AtLeast, double Factor, double Percent, long? Bound, IReadOnlyList<TierResponseView> Responses);

/// <summary>What an agent that is narrowed by rule may still do.</summary>
/// <param name="Scopes">None: nothing.</param>
public sealed record WatchNarrowingView(IReadOnlyList<string> Scopes, long Seconds);

/// <summary>The watch's rules in force, and how much is watched.</summary>
/// <param name="Narrowing">Null: no response narrows.</param>
/// <param name="Problem">Why the file as it lies in the home does not serve; null: it does.</param>
/// <param name="Agents">Agents whose behaviour is remembered.</param>
/// <param name="Dropped">Events since the start that nobody looked at, for there were too many.</param>
public sealed record WatchRulesView(
    int LearningDays, int MaximumAgents, int ResponsesAnHour, WatchNarrowingView? Narrowing, IReadOnlyList<DetectorView> Detectors, string Sha256, string? Problem, long Agents, long Dropped);

/// <summary>The watch's rules as they are to be.</summary>
/// <param name="Yaml">The whole text of <c>watch.yaml</c>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ApplyWatchRulesCommand(string Yaml);

/// <summary>An agent that has another task from now on.</summary>
/// <param name="Agent">Its SPIFFE ID.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ForgetBehaviourCommand(string Agent);

/// <summary>An agent whose usual behaviour is learnt anew.</summary>
public sealed record BehaviourForgottenView(string Agent);
