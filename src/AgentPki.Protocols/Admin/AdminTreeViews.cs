using System.Text.Json.Serialization;
using AgentPki.Agents;
using AgentPki.Agents.Registry;

namespace AgentPki.Protocols.Admin;

/// <summary>An agent where it stands in a tree.</summary>
/// <param name="Generation">How far below where the page begins; each agent stands before those below it.</param>
/// <param name="BelowSuspended">Somebody above it is not active.</param>
/// <param name="Limited">Operators limited it itself (<c>agents/limit</c>).</param>
/// <param name="DepthLeft">Generations that may be below it; null: no policy says.</param>
/// <param name="Scopes">What it may do, and those above it leave it; null: no policy says.</param>
/// <param name="NotAfter">Until when it may act.</param>
/// <param name="MaximumLifetime">Seconds that a certificate of it may live.</param>
/// <param name="Problem">Why what bounds it together is nothing that a certificate can say; it gets none then.</param>
/// <param name="Good">Certificates that have not ended and are good.</param>
/// <param name="Held">Certificates that have not ended and are held.</param>
/// <param name="Revoked">Certificates that have not ended and are revoked.</param>
/// <param name="Children">All of its children.</param>
/// <param name="More">Those of them that came after the last one on this page.</param>
public sealed record AgentNodeView(
    int Generation, string Id, string Owner, AgentState State, SuspensionRule SuspendedBy, bool BelowSuspended, RiskTier Tier, bool Limited, int? DepthLeft, IReadOnlyList<string>? Scopes, DateTimeOffset? NotAfter, long? MaximumLifetime,
    string? Problem, long Good, long Held, long Revoked, long Children, long More);

/// <summary>A page of a tree, or of all of them.</summary>
/// <param name="More">Families that came after the last one on this page.</param>
public sealed record AgentTreeView(IReadOnlyList<AgentNodeView> Agents, long More);

/// <summary>Takes something away from an agent and from everything below it.</summary>
/// <param name="Id">Its SPIFFE ID.</param>
/// <param name="Yaml">Members of a policy (docs/agent-policy.md); what is left out limits nothing.</param>
/// <param name="File">As messages name it.</param>
/// <param name="DryRun">Say what it would do, and do nothing.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LimitAgentsCommand(string Id, string Yaml, string? File = null, bool DryRun = false);

/// <summary>An agent whose limits do not hold any more, by its SPIFFE ID.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LiftLimitsCommand(string Id);

/// <summary>What was taken away, or would be.</summary>
/// <param name="DryRun">Nothing was done.</param>
/// <param name="SecondPerson">A second person is wanted for it, or was.</param>
/// <param name="Changes">Of the agent's own policy.</param>
/// <param name="Below">Agents below it, which are limited with it.</param>
/// <param name="Certificates">Good certificates of all of them, which say until they end what they said before.</param>
public sealed record AgentsLimitedView(bool DryRun, bool SecondPerson, string Id, IReadOnlyList<FieldChangeView> Changes, long Below, long Certificates);
