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

    [LoggerMessage(4202, LogLevel.Information, "Admin {Operation} {CorrelationId} by {Actor} waits for a second person: request {Request}")]
    public static partial void Waits(ILogger logger, string operation, string correlationId, string actor, string request);

    [LoggerMessage(4203, LogLevel.Information, "Request {Request} ({Operation}) is run, by {Actor}")]
    public static partial void Executing(ILogger logger, string request, string operation, string actor);

    [LoggerMessage(4204, LogLevel.Warning, "Request {Request} ({Operation}) is not begun again: {Outcome}")]
    public static partial void Interrupted(ILogger logger, string request, string operation, string outcome);

    [LoggerMessage(4205, LogLevel.Error, "Request {Request} ({Operation}) failed")]
    public static partial void ExecutionFailed(ILogger logger, string request, string operation, Exception failure);

    [LoggerMessage(4210, LogLevel.Information, "Officer {Officer} gave a share of the PIN of token '{Token}'")]
    public static partial void ShareTaken(ILogger logger, string officer, string token);

    [LoggerMessage(4211, LogLevel.Warning, "A share given by {Actor} was refused: {Reason}")]
    public static partial void ShareRefused(ILogger logger, string actor, string reason);
}
