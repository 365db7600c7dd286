namespace AgentPki.Server.Spiffe;

/// <summary>Event ids 2595 to 2599.</summary>
internal static partial class Log
{
    [LoggerMessage(2595, LogLevel.Information, "{Count} workload entries are in force ({File}, SHA-256 {Digest})")]
    internal static partial void EntriesTaken(ILogger logger, int count, string file, string digest);

    [LoggerMessage(2596, LogLevel.Error, "The workload entries are NOT taken: {Problems}. Those of before stay in force ({Count})")]
    internal static partial void EntriesRefused(ILogger logger, string problems, int count);

    [LoggerMessage(2598, LogLevel.Error, "The bundle endpoint has no X.509-SVID of {Id} now: {Problem}; it is tried again")]
    internal static partial void EndpointWithoutSvid(ILogger logger, string id, string problem);

    [LoggerMessage(2597, LogLevel.Error, "The workload entries are not taken yet: the ledger cannot be written")]
    internal static partial void EntriesNotRecorded(ILogger logger, Exception exception);
}
