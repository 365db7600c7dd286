using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Acme;

/// <summary>Event ids 2160 to 2179.</summary>
internal static partial class Log
{
    [LoggerMessage(2160, LogLevel.Error, "The challenge of ACME authorization {Authorization} could not be judged; it is tried again")]
    public static partial void ValidationFailed(ILogger logger, string authorization, Exception failure);

    [LoggerMessage(2161, LogLevel.Error, "The validator of {Challenge} failed for {Identifier} as it never should; the challenge is invalid")]
    public static partial void ValidatorBroke(ILogger logger, string challenge, string identifier, Exception failure);
}
