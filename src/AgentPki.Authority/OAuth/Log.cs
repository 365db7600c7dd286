using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.OAuth;

/// <summary>Event ids 2550 to 2559. No line carries a token.</summary>
internal static partial class Log
{
    [LoggerMessage(2550, LogLevel.Information, "Access token {Token} given to {Agent} by {Grant} ({CorrelationId})")]
    public static partial void Issued(ILogger logger, string correlationId, string grant, string agent, string token);

    [LoggerMessage(2551, LogLevel.Information, "OAuth request refused ({CorrelationId}): {Error}: {Detail}")]
    public static partial void Refused(ILogger logger, string correlationId, string error, string detail);

    [LoggerMessage(2552, LogLevel.Information, "A token is not active ({CorrelationId}): {Reason}")]
    public static partial void Inactive(ILogger logger, string correlationId, string reason);

    [LoggerMessage(2553, LogLevel.Warning, "There are no access tokens: no profile has 'use: access-tokens'. Add the profile of docs/oauth.md to the home's profiles ('agentpki profile apply') and start again")]
    public static partial void NoSigner(ILogger logger);
}
