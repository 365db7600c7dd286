using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Recovery;

/// <summary>Event ids 2400 to 2449.</summary>
internal static partial class Log
{
    [LoggerMessage(2400, LogLevel.Information, "Shipping to {Generation} began with a base of {Entries} ledger entries ({Octets} octets)")]
    public static partial void ShippingBegan(ILogger logger, string generation, long entries, long octets);

    [LoggerMessage(2401, LogLevel.Error, "What is committed is NOT shipped to {Folder} now; issuance goes on, and a disaster would lose it; it is tried again")]
    public static partial void ShippingInterrupted(ILogger logger, string folder, Exception failure);

    [LoggerMessage(2402, LogLevel.Information, "What is committed is shipped again, and nothing was left out")]
    public static partial void ShippingGoesOn(ILogger logger);

    [LoggerMessage(2403, LogLevel.Critical, "This log was restored on another machine: {Folder} has its epoch {Newest}, and this is epoch {Epoch}. Nothing is issued or decided here any more. Stop this appliance for good, and send its agents to the other")]
    public static partial void Superseded(ILogger logger, long epoch, long newest, string folder);
}
