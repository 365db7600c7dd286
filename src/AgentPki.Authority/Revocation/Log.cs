using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation;

/// <summary>Event ids 2080 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2080, LogLevel.Error, "The CRL of {Authority} could not be signed anew; the next try follows, and no CRL that lacks a revocation is served meanwhile")]
    public static partial void ListNotRenewed(ILogger logger, string authority, Exception failure);

    [LoggerMessage(2081, LogLevel.Warning, "An OCSP request cannot be answered now; the client was told to try later")]
    public static partial void OcspTryLater(ILogger logger, Exception failure);

    [LoggerMessage(2082, LogLevel.Error, "An OCSP response was not in order ({Rule}): {Detail}; nothing was signed")]
    public static partial void OcspLintFailed(ILogger logger, string rule, string detail);

    [LoggerMessage(2083, LogLevel.Information, "OCSP responder of {Authority}: certificate {Serial} until {NotAfter}")]
    public static partial void ResponderReady(ILogger logger, string authority, string serial, DateTimeOffset notAfter);

    [LoggerMessage(2084, LogLevel.Warning, "The OCSP responder of {Authority} could not be made ready; the next try follows")]
    public static partial void ResponderNotReady(ILogger logger, string authority, Exception failure);
}
