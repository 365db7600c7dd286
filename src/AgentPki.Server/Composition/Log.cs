namespace AgentPki.Server.Composition;

/// <summary>Events 9200 to 9299.</summary>
internal static partial class Log
{
    [LoggerMessage(9200, LogLevel.Information, "Stopping: running requests end, then the last batch is committed and a checkpoint signed")]
    internal static partial void Stopping(ILogger logger);

    [LoggerMessage(9201, LogLevel.Information, "Stopped")]
    internal static partial void Stopped(ILogger logger);

    [LoggerMessage(9202, LogLevel.Error, "The stop could not be recorded in the ledger")]
    internal static partial void StopNotRecorded(ILogger logger, Exception exception);

    [LoggerMessage(9203, LogLevel.Error, "The files under anchors/ could not be written; trying again in a minute")]
    internal static partial void AnchorsNotWritten(ILogger logger, Exception exception);

    [LoggerMessage(9204, LogLevel.Warning, "The ledger's key '{Label}' is away with its token: checkpoints wait until it is back. {Reason}")]
    internal static partial void CheckpointKeyAway(ILogger logger, string label, string reason);
}
