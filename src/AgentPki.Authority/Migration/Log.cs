using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Migration;

/// <summary>Event ids 2140 to 2159.</summary>
internal static partial class Log
{
    [LoggerMessage(2140, LogLevel.Information, "Campaign {Campaign}: {Count} agents are now {State}")]
    public static partial void Advanced(ILogger logger, string campaign, int count, string state);

    [LoggerMessage(2141, LogLevel.Warning, "Campaign {Campaign} met a conflict and goes on with the next round: {Reason}")]
    public static partial void StepConflict(ILogger logger, string campaign, string reason);

    [LoggerMessage(2142, LogLevel.Warning, "That {Agent} uses its new certificate could not be recorded; its next request tries again")]
    public static partial void UseNotRecorded(ILogger logger, string agent, Exception failure);

    [LoggerMessage(2143, LogLevel.Information, "Campaign {Campaign} is {State}")]
    public static partial void Changed(ILogger logger, string campaign, string state);

    [LoggerMessage(2144, LogLevel.Information, "The succession of CA {Predecessor} by {Successor} is {State}")]
    public static partial void SuccessionMoved(ILogger logger, string predecessor, string successor, string state);
}
