using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Decisions;

/// <summary>Event ids 2500 to 2529.</summary>
internal static partial class Log
{
    [LoggerMessage(2500, LogLevel.Information, "{Count} policies are in force (SHA-256 {Digest}).")]
    public static partial void PoliciesInForce(ILogger logger, int count, string digest);

    [LoggerMessage(2501, LogLevel.Error, "Policies: {Problem}.")]
    public static partial void PoliciesNotTaken(ILogger logger, string problem);

    [LoggerMessage(2502, LogLevel.Information, "The policies in force are those in the folder again.")]
    public static partial void PoliciesMended(ILogger logger);

    [LoggerMessage(2503, LogLevel.Error, "Decisions cannot be written down, so that everything is denied: {Reason}")]
    public static partial void JournalFailed(ILogger logger, string reason);

    [LoggerMessage(2504, LogLevel.Information, "Decisions are written down again.")]
    public static partial void JournalRecovered(ILogger logger);

    [LoggerMessage(2505, LogLevel.Warning, "The decision log is ahead of the ledger by {Count} records; they are anchored when the store can be written.")]
    public static partial void AnchorDelayed(ILogger logger, Exception failure, long count);

    [LoggerMessage(2506, LogLevel.Warning, "A receipt could not be signed; decisions go without: {Reason}")]
    public static partial void ReceiptNotSigned(ILogger logger, string reason);

    [LoggerMessage(2507, LogLevel.Warning, "A permission was taken back before it was answered: the agent's standing changed while it was written down ({Agent}).")]
    public static partial void Overtaken(ILogger logger, string agent);

    [LoggerMessage(2508, LogLevel.Information, "The decision log's last record had not been written to its end, and nobody was answered by it: {Octets} octets were cut off.")]
    public static partial void TailCut(ILogger logger, long octets);

    [LoggerMessage(2509, LogLevel.Error, "A decision failed: {Reason}")]
    public static partial void DecisionFailed(ILogger logger, string reason, Exception failure);
}
