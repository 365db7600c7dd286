using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Spiffe;

/// <summary>Event ids 2585 to 2594.</summary>
internal static partial class Log
{
    [LoggerMessage(2585, LogLevel.Information, "Process {Pid} (uid {Uid}) gets no identity: {Reason}")]
    public static partial void Denied(ILogger logger, int pid, uint uid, string reason);

    [LoggerMessage(2586, LogLevel.Information, "Process {Pid} (uid {Uid}) was given {Identities}")]
    public static partial void Given(ILogger logger, int pid, uint uid, string identities);

    [LoggerMessage(2588, LogLevel.Information, "Trust domain {TrustDomain}: bundle with {Roots} roots and {Keys} keys, sequence {Sequence}")]
    public static partial void BundleTaken(ILogger logger, string trustDomain, int roots, int keys, long? sequence);

    [LoggerMessage(2589, LogLevel.Warning, "Trust domain {TrustDomain}: no new bundle from {Url}: {Problem}. The one of before counts")]
    public static partial void BundleNotTaken(ILogger logger, string trustDomain, Uri url, string problem);

    [LoggerMessage(2590, LogLevel.Error, "Trust domain {TrustDomain}: its bundle is stale, {Url} has served none since {Since:u}: {Problem}. It still counts; agents with newer keys of that domain are refused here")]
    public static partial void BundleStale(ILogger logger, string trustDomain, Uri url, DateTimeOffset since, string problem);

    [LoggerMessage(2591, LogLevel.Information, "Trust domain {TrustDomain}: its bundle is not stale any more, {Url} serves it again")]
    public static partial void BundleFresh(ILogger logger, string trustDomain, Uri url);

    [LoggerMessage(2587, LogLevel.Warning, "The Workload API cannot answer process {Pid} now")]
    public static partial void Unavailable(ILogger logger, int pid, Exception failure);
}
