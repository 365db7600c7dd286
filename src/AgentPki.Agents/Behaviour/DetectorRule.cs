namespace AgentPki.Agents.Behaviour;

/// <summary>When a detector finds something: a count in a window that is unusual for the agent, or too much for any.</summary>
/// <param name="Window">In what time is counted; at least twelve seconds.</param>
/// <param name="AtLeast">Less is nothing, however unusual.</param>
/// <param name="Factor">How many times the agent's usual peak is unusual.</param>
/// <param name="Bound">So many are too many whatever is usual, also of an agent that is not known yet; null: there is no such number.</param>
/// <param name="Memory">Of how many windows in which the agent was active its usual peak is made.</param>
/// <param name="Share">The least share of its requests in the window that the count must be, 0 to 1.</param>
public sealed record DetectorRule(TimeSpan Window, uint AtLeast, float Factor, uint? Bound, ushort Memory, float Share = 0);
