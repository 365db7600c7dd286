namespace AgentPki.Server.Locks;

/// <summary>Events 3900 to 3919.</summary>
internal static partial class Log
{
    [LoggerMessage(3900, LogLevel.Warning, "Started locked: {Reason}. CRLs that are there are served on {Http}; officers open it with 'agentpki unlock'")]
    internal static partial void StartedLocked(ILogger logger, string reason, string http);

    [LoggerMessage(3901, LogLevel.Information, "Enough officers have given their shares: starting")]
    internal static partial void Opened(ILogger logger);

    [LoggerMessage(3902, LogLevel.Error, "Locked again, for it cannot start: {Reason}")]
    internal static partial void LockedAgain(ILogger logger, string reason);
}
