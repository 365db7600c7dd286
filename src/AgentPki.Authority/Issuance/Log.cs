using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Issuance;

/// <summary>Event ids 2040 to 2059.</summary>
internal static partial class Log
{
    [LoggerMessage(2040, LogLevel.Error, "What was to be signed failed lint rule {Rule}: {Detail} (correlation {CorrelationId}); nothing was signed")]
    public static partial void LintFailed(ILogger logger, string rule, string detail, string correlationId);

    [LoggerMessage(2041, LogLevel.Critical, "The key of CA {Authority} returned a signature that does not verify (correlation {CorrelationId}); nothing was released. Check the token")]
    public static partial void SignatureRejected(ILogger logger, string authority, string correlationId, Exception rejected);
}
