namespace AgentPki.Server.Tls;

/// <summary>Events 9100 to 9199.</summary>
internal static partial class Log
{
    [LoggerMessage(9100, LogLevel.Information, "TLS certificate renewed, good until {NotAfter}")]
    internal static partial void TlsRenewed(ILogger logger, DateTime notAfter);

    [LoggerMessage(9102, LogLevel.Information, "TLS by {Platform}")]
    internal static partial void TlsPlatform(ILogger logger, string platform);

    [LoggerMessage(9101, LogLevel.Error, "The TLS certificate could not be renewed; it ends {NotAfter}; trying again in a minute")]
    internal static partial void TlsRenewalFailed(ILogger logger, Exception exception, DateTime notAfter);
}
