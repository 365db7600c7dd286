using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Spiffe;

/// <summary>Event ids 2575 to 2584.</summary>
internal static partial class Log
{
    [LoggerMessage(2575, LogLevel.Error, "Workloads are not told of changes now; it is tried again")]
    public static partial void SignalFailed(ILogger logger, Exception failure);

    [LoggerMessage(2576, LogLevel.Information, "Entry {Entry}: X.509-SVID of {Agent} until {NotAfter:u}, the next one at {RotateAt:u}")]
    public static partial void SvidIssued(ILogger logger, string entry, string agent, DateTimeOffset notAfter, DateTimeOffset rotateAt);

    [LoggerMessage(2577, LogLevel.Warning, "Entry {Entry}: {Agent} gets no identity: {Reason}")]
    public static partial void SvidRefused(ILogger logger, string entry, string agent, string reason);

    [LoggerMessage(2578, LogLevel.Warning, "The CRLs are {Octets} octets together, too many for the Workload API's messages: workloads get none there, and must look at their CDP or ask OCSP")]
    public static partial void ListsTooLong(ILogger logger, long octets);
}
