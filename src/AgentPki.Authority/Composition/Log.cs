using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Composition;

/// <summary>Event ids 2120 to 2139.</summary>
internal static partial class Log
{
    [LoggerMessage(2120, LogLevel.Warning, "Not looked after in this round: {What}. The store is down; the next round follows")]
    public static partial void NotLookedAfter(ILogger logger, string what, Exception failure);

    [LoggerMessage(2121, LogLevel.Error, "A round of maintenance (CRLs, OCSP responders) failed; the next follows")]
    public static partial void MaintenanceFailed(ILogger logger, Exception failure);

    [LoggerMessage(2123, LogLevel.Warning, "The filter of issued serial numbers could not be filled: until the next start, OCSP reads the store for every question about what was never issued")]
    public static partial void IssuedNotLoaded(ILogger logger, Exception failure);
}
