using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11.Mirrored;

/// <summary>Events 2090 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2090, LogLevel.Warning, "Key '{Label}' signs in token '{Second}' now, for '{First}' is away: {Reason}")]
    public static partial void SecondSigns(ILogger log, string label, string second, string first, string reason);

    [LoggerMessage(2091, LogLevel.Information, "Key '{Label}' signs in token '{First}' again")]
    public static partial void FirstIsBack(ILogger log, string label, string first);

    [LoggerMessage(2092, LogLevel.Warning, "Token '{Second}' lacks the key '{Label}': it does not sign with it when '{First}' is away")]
    public static partial void SecondLacksKey(ILogger log, string label, string second, string first);

    [LoggerMessage(2093, LogLevel.Error, "{Reason}")]
    public static partial void NotTheSameKey(ILogger log, string reason);
}
