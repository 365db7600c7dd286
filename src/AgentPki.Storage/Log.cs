using Microsoft.Extensions.Logging;

namespace AgentPki.Storage;

/// <summary>Event ids 5000 to 5099.</summary>
internal static partial class Log
{
    [LoggerMessage(5000, LogLevel.Information, "Store {Path} open: log {LogId}, epoch {Epoch}, {Size} entries")]
    public static partial void Opened(ILogger logger, string path, string logId, long epoch, long size);

    [LoggerMessage(5001, LogLevel.Information, "Store {Path}: {Count} schema migrations applied")]
    public static partial void Migrated(ILogger logger, string path, int count);

    [LoggerMessage(5002, LogLevel.Error, "A batch could not be stored; nothing of it was written")]
    public static partial void BatchFailed(ILogger logger, Exception failure);

    [LoggerMessage(5003, LogLevel.Warning, "The write-ahead log could not be copied into the database; it grows until that works")]
    public static partial void CheckpointFailed(ILogger logger, Exception failure);

    [LoggerMessage(5004, LogLevel.Warning, "Store opened although it was set back: {Detail}")]
    public static partial void SetBack(ILogger logger, string detail);

    [LoggerMessage(5005, LogLevel.Warning, "A checkpoint could not be appended to {Path}")]
    public static partial void CheckpointFileFailed(ILogger logger, string path, Exception failure);
}
