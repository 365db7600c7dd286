using AgentPki.Authority.Problems;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Est;

/// <summary>Event ids 4100 to 4119. No line carries a secret or a private key.</summary>
internal static partial class Log
{
    [LoggerMessage(4100, LogLevel.Information, "EST {Operation} {CorrelationId} refused: {Kind}: {Detail}")]
    public static partial void Refused(ILogger logger, string correlationId, string operation, PkiProblemKind kind, string detail);

    [LoggerMessage(4101, LogLevel.Information, "EST {Operation} {CorrelationId}: waits for approval {Approval}")]
    public static partial void Pending(ILogger logger, string correlationId, string operation, string approval);

    [LoggerMessage(4102, LogLevel.Debug, "EST {Operation} {CorrelationId}: issued serial {Serial}")]
    public static partial void Issued(ILogger logger, string correlationId, string operation, string serial);

    [LoggerMessage(4103, LogLevel.Error, "EST {Operation} {CorrelationId}: a certificate was issued without the private key that was asked for")]
    public static partial void KeyMissing(ILogger logger, string correlationId, string operation);
}
