using AgentPki.Ledger;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Demo;

/// <summary>The entries of the ledger that tell the story, and whether they do so in its order.</summary>
internal static class LedgerStory
{
    /// <summary>What must be there, each after the one before.</summary>
    private static readonly (LedgerEntryKind Kind, string Agent, string What)[] Plot =
    [
        (LedgerEntryKind.AgentsRegistered, "orchestrator", "what the orchestrator may do is registered"),
        (LedgerEntryKind.CertificateIssued, "orchestrator", "the orchestrator has a certificate"),
        (LedgerEntryKind.TokenIssued, "orchestrator", "it has a task token"),
        (LedgerEntryKind.DelegationGranted, "reader", "it grants the reader less"),
        (LedgerEntryKind.CertificateIssued, "reader", "the reader has a certificate"),
        (LedgerEntryKind.DelegationGranted, "writer", "it grants the writer less"),
        (LedgerEntryKind.CertificateIssued, "writer", "the writer has a certificate"),
        (LedgerEntryKind.TokenRefused, "reader", "the reader asks for more and is refused"),
        (LedgerEntryKind.BehaviourAnswered, "reader", "a rule answers its refusals"),
        (LedgerEntryKind.CertificateRevoked, "reader", "the reader is held"),
        (LedgerEntryKind.CertificateRevoked, "orchestrator", "the orchestrator is revoked with its children"),
    ];

    /// <summary>One entry for each turn of the plot.</summary>
    /// <exception cref="CommandException">A turn is missing, or out of order.</exception>
    internal static IReadOnlyList<(LedgerRecord Record, string What)> Find(IEnumerable<LedgerRecord> ledger)
    {
        var found = new List<(LedgerRecord, string)>();
        foreach (var record in ledger)
        {
            if (found.Count < Plot.Length && Plot[found.Count] is var turn && record.Leaf.Kind == turn.Kind && IsAbout(record, turn.Agent))
            {
                found.Add((record, turn.What));
            }
        }

        return found.Count == Plot.Length
            ? found
            : throw new CommandException(ExitCodes.CheckFailed, $"The ledger does not tell that {Plot[found.Count].What} ({Plot[found.Count].Kind}), after what goes before.", "'agentpki audit show' prints it.");
    }

    private static bool IsAbout(LedgerRecord record, string agent) =>
        record.Details is { } details && (IsAgent(details.Actor, agent) || details.Facts.Values.Any(v => IsAgent(v, agent)));

    private static bool IsAgent(string text, string agent) => text.EndsWith("/" + agent, StringComparison.Ordinal);
}
