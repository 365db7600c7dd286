using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Enrollment;

/// <summary>Event ids 2060 to 2079.</summary>
internal static partial class Log
{
    [LoggerMessage(2060, LogLevel.Warning, "A request (correlation {CorrelationId}) was refused because the token or the store cannot work now")]
    public static partial void Unavailable(ILogger logger, string correlationId, Exception failure);
}
