using AgentPki.Authority.Problems;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Delegation;

internal static partial class Log
{
    [LoggerMessage(2475, LogLevel.Information, "Delegation refused: {Detail} ({Kind}; correlation id {CorrelationId}).")]
    public static partial void Refused(ILogger logger, string correlationId, PkiProblemKind kind, string detail);

    [LoggerMessage(2476, LogLevel.Error, "Delegation: the store cannot work (correlation id {CorrelationId}).")]
    public static partial void Unavailable(ILogger logger, string correlationId, Exception failure);
}
