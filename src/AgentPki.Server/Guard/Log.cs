using AgentPki.Client.Peers;

namespace AgentPki.Server.Guard;

/// <summary>Events 9300 to 9399.</summary>
internal static partial class Log
{
    [LoggerMessage(9300, LogLevel.Information, "Guarding {Upstream} at {Listen}; health and metrics at {Admin}")]
    internal static partial void Guarding(ILogger logger, Uri? upstream, string listen, string admin);

    [LoggerMessage(9301, LogLevel.Information, "Refused ({Kind}): {Detail}")]
    internal static partial void Refused(ILogger logger, RefusalKind kind, string detail);

    [LoggerMessage(9302, LogLevel.Warning, "The service behind the guard did not answer: {Error}; {Detail}")]
    internal static partial void UpstreamFailed(ILogger logger, string error, string? detail);

    [LoggerMessage(9303, LogLevel.Information, "The guard's certificate is another one now, good until {NotAfter}")]
    internal static partial void CertificateReplaced(ILogger logger, DateTime notAfter);

    [LoggerMessage(9304, LogLevel.Error, "The guard's certificate could not be renewed or read: {Problem}; it goes on with the old one")]
    internal static partial void CertificateFailed(ILogger logger, string problem);

    [LoggerMessage(9305, LogLevel.Information, "{File}: {Count} revoked, number {Number}, good until {NextUpdate}")]
    internal static partial void ListWritten(ILogger logger, string file, int count, long? number, DateTimeOffset? nextUpdate);

    [LoggerMessage(9306, LogLevel.Error, "A CRL could not be kept fresh: {Problem}; the old file stays, and who reads it fails closed when it lapses")]
    internal static partial void ListFailed(ILogger logger, string problem);

    [LoggerMessage(9307, LogLevel.Error, "After the CRLs changed {Problem}; the files are new, whoever reads them may not know; it is run again until it ends with 0")]
    internal static partial void HookFailed(ILogger logger, string problem);

    [LoggerMessage(9308, LogLevel.Warning, "The revocation feed is stale{Problem}: nobody is let in by it until it is heard again")]
    internal static partial void FeedStale(ILogger logger, string problem);

    [LoggerMessage(9310, LogLevel.Information, "A request of {Peer} refused for its access token: {Detail}")]
    internal static partial void TokenRefused(ILogger logger, string peer, string detail);

    [LoggerMessage(9309, LogLevel.Information, "The revocation feed is current, at event {Sequence}")]
    internal static partial void FeedCurrent(ILogger logger, long sequence);
}
