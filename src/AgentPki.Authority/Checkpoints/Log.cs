using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Checkpoints;

/// <summary>Event ids 2100 to 2119.</summary>
internal static partial class Log
{
    [LoggerMessage(2100, LogLevel.Warning, "The ledger's head cannot be signed now; the ledger goes on, and the next checkpoint covers it")]
    public static partial void CheckpointDelayed(ILogger logger, Exception failure);

    [LoggerMessage(2101, LogLevel.Critical, "A checkpoint failed for a reason that is not the token's or the store's being away: run 'agentpki audit verify'")]
    public static partial void CheckpointFailed(ILogger logger, Exception failure);

    [LoggerMessage(2102, LogLevel.Information, "{Count} checkpoints that are older than a day were let go of; one an hour stays")]
    public static partial void CheckpointsThinned(ILogger logger, int count);
}
