using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Governance;

/// <summary>Event ids 2450 and 2451.</summary>
internal static partial class Log
{
    [LoggerMessage(2450, LogLevel.Information, "{Rules} are those of SHA-256 {Digest} from now on")]
    public static partial void RulesChanged(ILogger logger, string rules, string digest);

    [LoggerMessage(2451, LogLevel.Error, "{Rules} as they lie in the home do not serve, those of before stay: {Problem}")]
    public static partial void RulesRefused(ILogger logger, string rules, string problem);
}
