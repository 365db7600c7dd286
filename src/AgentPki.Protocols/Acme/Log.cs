using AgentPki.Authority.Acme.Validation;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Acme;

/// <summary>Event ids 4300 to 4319. No line carries a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(4300, LogLevel.Information, "ACME {Path} refused ({CorrelationId}): {Type}: {Detail}")]
    public static partial void Refused(ILogger logger, string correlationId, string path, AcmeErrorType type, string detail);

    [LoggerMessage(4301, LogLevel.Error, "ACME {Path} cannot be answered now ({CorrelationId}): {Detail}")]
    public static partial void Unavailable(ILogger logger, string correlationId, string path, string detail);
}
