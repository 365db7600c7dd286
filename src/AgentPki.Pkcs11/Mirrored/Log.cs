using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11.Mirrored;

/// <summary>Events 2090 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2090, LogLevel.Warning, "Key '{Label}' is used in token '{Second}' now, for the first is away: {Reason}")]
    public static partial void SecondSigns(ILogger log, string label, string second, string reason);

    [LoggerMessage(2091, LogLevel.Information, "Key '{Label}' is used in token '{First}' again")]
    public static partial void FirstIsBack(ILogger log, string label, string first);
}
