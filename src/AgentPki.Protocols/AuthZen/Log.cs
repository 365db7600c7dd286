using AgentPki.Authority.Problems;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.AuthZen;

/// <summary>Event ids 2530 to 2549.</summary>
internal static partial class Log
{
    [LoggerMessage(2530, LogLevel.Information, "AuthZEN {CorrelationId}: not answered ({Kind}): {Detail}")]
    public static partial void Refused(ILogger logger, string correlationId, PkiProblemKind kind, string detail);
}
