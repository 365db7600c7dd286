using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Registry;

/// <summary>Event ids 2450 to 2474.</summary>
internal static partial class Log
{
    [LoggerMessage(2450, LogLevel.Information, "The registry's rules are those of SHA-256 {Digest} from now on")]
    public static partial void RulesChanged(ILogger logger, string digest);

    [LoggerMessage(2451, LogLevel.Error, "The registry's rules as they lie in the home do not serve, those of before stay: {Problem}")]
    public static partial void RulesRefused(ILogger logger, string problem);

    [LoggerMessage(2452, LogLevel.Warning, "Agent {Agent} of {Owner} was suspended by rule: {Reason}")]
    public static partial void SuspendedByRule(ILogger logger, string agent, string owner, string reason);

    [LoggerMessage(2453, LogLevel.Warning, "The registry was not looked through: the store is down; the next round follows")]
    public static partial void NotWatched(ILogger logger, Exception failure);
}
