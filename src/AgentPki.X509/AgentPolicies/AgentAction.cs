using System.Net;

namespace AgentPki.X509.AgentPolicies;

/// <summary>One action, as far as an agent's policy bounds it.</summary>
/// <param name="Action">A name of <see cref="SegmentSyntax.Action"/>.</param>
/// <param name="Resource">A name of <see cref="SegmentSyntax.Resource"/>.</param>
/// <param name="Time">When: the clock of whoever decides, never the agent's.</param>
/// <param name="Address">From where; null: not known, which no bound on networks takes.</param>
/// <param name="Environment">Where the agent runs; null: not known.</param>
/// <param name="DataClasses">What it touches; null: not known.</param>
public readonly record struct AgentAction(string Action, string Resource, DateTimeOffset Time, IPAddress? Address = null, string? Environment = null, NameSet? DataClasses = null);
