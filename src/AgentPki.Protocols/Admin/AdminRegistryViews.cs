using System.Text.Json.Serialization;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Registry;

namespace AgentPki.Protocols.Admin;

/// <summary>What an agent is made of, as whoever registered it stated.</summary>
/// <param name="Digest"><c>sha256:</c>, <c>sha384:</c> or <c>sha512:</c> and hexadecimal digits.</param>
public sealed record ComponentView(string Name, string? Provider, string? Version, string? Digest);

/// <summary>Which children an agent may have.</summary>
/// <param name="Allow">Globs over their paths; empty: none.</param>
/// <param name="Maximum">Null: any number.</param>
public sealed record ChildRuleView(IReadOnlyList<string> Allow, int? Maximum);

/// <summary>A field that a change gives another value.</summary>
public sealed record FieldChangeView(string Field, string? From, string? To);

/// <summary>What was done to one agent, or would be.</summary>
public sealed record AppliedAgentView(string Id, AgentAction Action, IReadOnlyList<FieldChangeView> Changes);

/// <param name="DryRun">Nothing was done.</param>
/// <param name="SecondPerson">A second person is wanted for it, or was.</param>
public sealed record AppliedAgentsView(bool DryRun, bool SecondPerson, IReadOnlyList<AppliedAgentView> Agents);

/// <summary>Agents as YAML documents, in the order in which they came.</summary>
/// <param name="Next">Where the next page begins (<c>after</c>); null: there is none.</param>
public sealed record ExportedAgentsView(string Yaml, int Count, string? Next);

/// <summary>Who answers for agents.</summary>
/// <param name="Left">Since when he answers for nothing.</param>
/// <param name="Agents">Those of his that are not retired.</param>
/// <param name="Suspended">Those of them that are suspended.</param>
public sealed record OwnerView(string Name, OwnerKind Kind, string? Contact, OwnerState State, DateTimeOffset Created, DateTimeOffset? Left, long Agents, long Suspended);

/// <param name="Next">Where the next page begins (<c>after</c>); null: there is none.</param>
public sealed record OwnersView(IReadOnlyList<OwnerView> Owners, string? Next);

/// <param name="Agents">Agents that are active again.</param>
public sealed record OwnerChangedView(string Name, OwnerState State, DateTimeOffset? Left, long Agents);

/// <param name="Agents">How many agents, descendants included.</param>
public sealed record AgentsTransferredView(string From, string To, long Agents);

/// <summary>What is asked of agents of one tier.</summary>
/// <param name="Register">Roles that register and review them.</param>
/// <param name="ReviewSeconds">From one review to the next; null: there are none.</param>
/// <param name="OfflineSeconds">The longest that a permission may be relied on when the appliance cannot be asked; 0: not at all.</param>
public sealed record TierRuleView(RiskTier Tier, IReadOnlyList<string> Register, bool SecondPerson, long? ReviewSeconds, long OfflineSeconds);

/// <summary>The registry's rules in force, and what the last round of the watch has found.</summary>
/// <param name="OrphanGraceSeconds">Null: orphans are reported only.</param>
/// <param name="ReviewGraceSeconds">Null: overdue reviews are reported only.</param>
/// <param name="Problem">Why the file as it lies in the home does not serve; null: it does.</param>
/// <param name="Orphans">Active agents whose owner has left.</param>
/// <param name="Overdue">Active agents whose review is overdue.</param>
public sealed record RegistryRulesView(
    bool RegisteredOnly, bool KnownOwnersOnly, IReadOnlyList<TierRuleView> Tiers, long? OrphanGraceSeconds, long? ReviewGraceSeconds, string Sha256, string? Problem, long Orphans, long Overdue);

/// <summary>Agents to register, or to change.</summary>
/// <param name="Yaml">One document for each agent (docs/registry.md).</param>
/// <param name="File">As messages name it.</param>
/// <param name="DryRun">Say what it would do, and do nothing.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ApplyAgentsCommand(string Yaml, string? File = null, bool DryRun = false);

/// <summary>An agent was reviewed.</summary>
/// <param name="Id">Its SPIFFE ID.</param>
/// <param name="Next">By when it is to be again; null: when its tier wants it.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ReviewAgentCommand(string Id, DateOnly? Next = null);

/// <summary>Agents for another owner.</summary>
/// <param name="Agent">This one and its descendants; null: all of them.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record TransferAgentsCommand(string From, string To, string? Agent = null);

/// <summary>An owner, as he is to be known.</summary>
/// <param name="Contact">How he is reached.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PutOwnerCommand(string Name, OwnerKind Kind = OwnerKind.Unstated, string? Contact = null);

/// <summary>An owner by his name.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record OwnerCommand(string Name);

/// <summary>The registry's rules as they are to be.</summary>
/// <param name="Yaml">The whole text of <c>registry.yaml</c>.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ApplyRegistryRulesCommand(string Yaml);
