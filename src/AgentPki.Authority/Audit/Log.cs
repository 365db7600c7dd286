using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Audit;

/// <summary>Event ids 2020 to 2039.</summary>
internal static partial class Log
{
    [LoggerMessage(2020, LogLevel.Error, "The store is down: a ledger entry {Kind} of {Actor} could not be written; the refusal it records stands")]
    public static partial void EntryLost(ILogger logger, LedgerEntryKind kind, string actor, Exception failure);
}
