using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>Event ids 2180 to 2189.</summary>
internal static partial class Log
{
    [LoggerMessage(2180, LogLevel.Information, "The revocation feed goes on after event {Sequence}")]
    public static partial void FeedStarted(ILogger logger, long sequence);

    [LoggerMessage(2181, LogLevel.Warning, "The revocation feed cannot speak now: its followers fail closed when it lasts; it is tried again")]
    public static partial void FeedSilent(ILogger logger, Exception failure);

    [LoggerMessage(2182, LogLevel.Warning, "There is no revocation feed: no profile has 'use: revocation-feed'. Add the profile of docs/revocation-feed.md to the home's profiles and start again")]
    public static partial void NoFeed(ILogger logger);

    [LoggerMessage(2183, LogLevel.Information, "Snapshot of {Count} revoked certificates as of event {Sequence}, {Octets} octets")]
    public static partial void SnapshotMade(ILogger logger, long count, long sequence, long octets);
}
