using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Watching.Responses;

/// <summary>Event ids 2620 to 2629.</summary>
internal static partial class Log
{
    [LoggerMessage(2620, LogLevel.Warning, "Response {Response} to agent {Agent} (response {Id}) was taken back by {Actor}: {Certificates} certificates are good, {Agents} agents active again")]
    public static partial void Reverted(ILogger logger, string response, string agent, string id, string actor, long certificates, long agents);
}
