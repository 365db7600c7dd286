using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Spiffe;

/// <summary>Event ids 2585 to 2594.</summary>
internal static partial class Log
{
    [LoggerMessage(2585, LogLevel.Information, "Process {Pid} (uid {Uid}) gets no identity: {Reason}")]
    public static partial void Denied(ILogger logger, int pid, uint uid, string reason);

    [LoggerMessage(2586, LogLevel.Information, "Process {Pid} (uid {Uid}) was given {Identities}")]
    public static partial void Given(ILogger logger, int pid, uint uid, string identities);

    [LoggerMessage(2587, LogLevel.Warning, "The Workload API cannot answer process {Pid} now")]
    public static partial void Unavailable(ILogger logger, int pid, Exception failure);
}
