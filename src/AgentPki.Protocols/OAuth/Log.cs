using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.OAuth;

/// <summary>Event ids 2560 to 2569. No line carries a token.</summary>
internal static partial class Log
{
    [LoggerMessage(2560, LogLevel.Error, "OAuth {Path} cannot be answered now ({CorrelationId}): {Detail}")]
    public static partial void Unavailable(ILogger logger, string correlationId, string path, string detail);
}
