using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Watching;

/// <summary>Event ids 2630 to 2649. Of the receiver's address the host alone: paths may carry what lets in.</summary>
internal static partial class Log
{
    [LoggerMessage(2630, LogLevel.Warning, "The receiver of the watch's webhook at {Host} did not take event {Id}: {Reason}. It is sent again")]
    public static partial void NotTaken(ILogger logger, string host, string id, string reason);

    [LoggerMessage(2631, LogLevel.Error, "The receiver of the watch's webhook at {Host} was not told of event {Id}: {Reason}. The ledger has it")]
    public static partial void GivenUp(ILogger logger, string host, string id, string reason);

    [LoggerMessage(2632, LogLevel.Error, "The watch's webhook is not told of event {Id}: {Waiting} others wait already. The ledger has it")]
    public static partial void Dropped(ILogger logger, string id, int waiting);

    [LoggerMessage(2633, LogLevel.Information, "The receiver of the watch's webhook at {Host} takes events again")]
    public static partial void TakenAgain(ILogger logger, string host);

    [LoggerMessage(2635, LogLevel.Warning, "The appliance ends, and the watch's webhook is not told of {Count} events that wait. The ledger has them")]
    public static partial void LeftBehind(ILogger logger, int count);

    [LoggerMessage(2634, LogLevel.Error, "An event of the watch could not be sent in a way that was not foreseen; the next follows")]
    public static partial void NotSent(ILogger logger, Exception failure);
}
