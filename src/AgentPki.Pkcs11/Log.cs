using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11;

/// <summary>Events 2000 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Logged in to token '{Token}' (serial {Serial}, {Model})")]
    public static partial void Connected(ILogger log, string token, string serial, string model);

    [LoggerMessage(2001, LogLevel.Warning, "Token '{Token}' could not be reached at start and is tried again by itself: {Reason}")]
    public static partial void NotReachedAtStart(ILogger log, string token, string reason);

    [LoggerMessage(2002, LogLevel.Information, "Trying '{Operation}' again: {Reason}")]
    public static partial void TryingAgain(ILogger log, string operation, string reason);

    [LoggerMessage(2003, LogLevel.Warning, "Token '{Token}' failed: {Reason}")]
    public static partial void TokenFailed(ILogger log, string token, string reason);

    [LoggerMessage(2004, LogLevel.Error, "Token '{Token}' is down, callers are turned away until it is back: {Reason}")]
    public static partial void BreakerOpened(ILogger log, string token, string reason);

    [LoggerMessage(2005, LogLevel.Warning, "Token '{Token}' is still down: {Reason}")]
    public static partial void NotRecovered(ILogger log, string token, string reason);

    [LoggerMessage(2006, LogLevel.Information, "Token '{Token}' answers again")]
    public static partial void Recovered(ILogger log, string token);

    [LoggerMessage(2007, LogLevel.Information, "Token '{Token}' works again")]
    public static partial void BreakerClosed(ILogger log, string token);

    [LoggerMessage(2008, LogLevel.Warning, "Token '{Token}' takes fewer sessions than configured: {Reason}")]
    public static partial void FewerSessions(ILogger log, string token, string reason);

    [LoggerMessage(2009, LogLevel.Error, "A call for '{Operation}' hangs in the module of token '{Token}': its session is given up")]
    public static partial void CallStuck(ILogger log, string token, string operation);

    [LoggerMessage(2010, LogLevel.Information, "A hung call came back from the module of token '{Token}'")]
    public static partial void StuckCallReturned(ILogger log, string token);
}
