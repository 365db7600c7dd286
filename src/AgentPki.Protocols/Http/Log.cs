using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Http;

/// <summary>Event ids 4000 to 4019.</summary>
internal static partial class Log
{
    [LoggerMessage(4000, LogLevel.Error, "Request {CorrelationId} {Method} {Path} failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string correlationId, string method, string path);

    [LoggerMessage(4001, LogLevel.Warning, "Request {CorrelationId} {Method} {Path} cannot be served now: {Reason}")]
    public static partial void Unavailable(ILogger logger, string correlationId, string method, string path, string reason);

    [LoggerMessage(4002, LogLevel.Information, "Request {CorrelationId} {Method} {Path} could not be read: {Reason}")]
    public static partial void BadRequest(ILogger logger, string correlationId, string method, string path, string reason);
}
