using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11;

/// <summary>Event ids 2000 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Logged in to token {Token} (connection {Generation})")]
    public static partial void Connected(ILogger logger, string token, long generation);

    [LoggerMessage(2001, LogLevel.Warning, "{Operation}: {Result}; the session is stale, trying once more on a fresh one")]
    public static partial void SessionStale(ILogger logger, string operation, string result);

    [LoggerMessage(2002, LogLevel.Error, "Token {Token}: {Reason}")]
    public static partial void TokenFailed(ILogger logger, string token, string reason);

    [LoggerMessage(2003, LogLevel.Error, "{Operation} did not come back from the module; its session thread is written off")]
    public static partial void ThreadWrittenOff(ILogger logger, string operation);

    [LoggerMessage(2004, LogLevel.Critical, "Token {Token} refuses the PIN ({Result}); it is not tried again before a restart")]
    public static partial void PinRefused(ILogger logger, string token, string result);
}
