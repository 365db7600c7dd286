namespace AgentPki.Server.Hosting;

/// <summary>Events 9000 to 9099.</summary>
internal static partial class Log
{
    [LoggerMessage(9002, LogLevel.Information, "Listening: HTTPS {Https}, HTTP {Http}, administration {Admin}")]
    internal static partial void Listening(ILogger logger, string https, string http, string admin);
}
