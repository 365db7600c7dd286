using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Registry;

/// <summary>Event ids 2452 to 2474; 2450 and 2451 are those of rules (Governance).</summary>
internal static partial class Log
{
    [LoggerMessage(2452, LogLevel.Warning, "Agent {Agent} of {Owner} was suspended by rule: {Reason}")]
    public static partial void SuspendedByRule(ILogger logger, string agent, string owner, string reason);

    [LoggerMessage(2453, LogLevel.Warning, "The registry was not looked through: the store is down; the next round follows")]
    public static partial void NotWatched(ILogger logger, Exception failure);
}
