namespace AgentPki.Server.Hosting;

/// <summary>Events 9000 to 9099.</summary>
internal static partial class Log
{
    [LoggerMessage(9001, LogLevel.Error, "Request {CorrelationId} {Method} {Path} failed")]
    internal static partial void RequestFailed(ILogger logger, Exception exception, string correlationId, string method, string path);

    [LoggerMessage(9002, LogLevel.Information, "Listening: HTTPS {Https}, HTTP {Http}, administration {Admin}")]
    internal static partial void Listening(ILogger logger, string https, string http, string admin);

    [LoggerMessage(9003, LogLevel.Warning, "Client {Client} is over its rate; answered 429")]
    internal static partial void RateLimited(ILogger logger, string client);
}
