using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Commit;

/// <summary>Event ids 2000 to 2019.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Error, "A commit batch of {Count} requests failed; nothing of it was written and all callers were told")]
    public static partial void BatchFailed(ILogger logger, int count, Exception failure);
}
