using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Witness;

/// <summary>Event ids 2370 to 2379.</summary>
internal static partial class Log
{
    [LoggerMessage(2370, LogLevel.Information, "Cosigned {Origin} at {Size} entries")]
    internal static partial void Cosigned(ILogger logger, string origin, long size);

    [LoggerMessage(2371, LogLevel.Warning, "Refused a head of {Origin} with {Size} entries: {Reason}")]
    internal static partial void Refused(ILogger logger, string origin, long size, string reason);

    [LoggerMessage(2372, LogLevel.Critical, "{Origin} was FORKED: it has signed two heads of {Size} entries with different roots; both are kept (new: {Kept}), see 'agentpki witness show'")]
    internal static partial void Forked(ILogger logger, string origin, long size, bool kept);

    [LoggerMessage(2373, LogLevel.Error, "Refused a head of {Origin} with {Size} entries: {Reason}; the log was forked or its sender has a wrong proof (kept: {Kept})")]
    internal static partial void Inconsistent(ILogger logger, string origin, long size, string reason, bool kept);

    [LoggerMessage(2374, LogLevel.Warning, "A head of {Origin} with {Size} entries was shown, after one of {Seen}: an old one, or a log that was set back")]
    internal static partial void RolledBack(ILogger logger, string origin, long size, long seen);

    [LoggerMessage(2375, LogLevel.Error, "A head of {Origin} was not cosigned: {Reason}")]
    internal static partial void Unavailable(ILogger logger, string origin, string reason);

    [LoggerMessage(2376, LogLevel.Error, "The state of a log cannot be read")]
    internal static partial void NotReadable(ILogger logger, Exception failure);
}
