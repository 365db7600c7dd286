using AgentPki.Authority.Problems;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Admin;

/// <summary>Event ids 4200 to 4219.</summary>
internal static partial class Log
{
    [LoggerMessage(4200, LogLevel.Information, "Admin {Operation} {CorrelationId} by {Actor}")]
    public static partial void Called(ILogger logger, string operation, string correlationId, string actor);

    [LoggerMessage(4201, LogLevel.Warning, "Admin {Operation} {CorrelationId} by {Actor} refused: {Kind}: {Detail}")]
    public static partial void Refused(ILogger logger, string operation, string correlationId, string actor, PkiProblemKind kind, string detail);
}
