using AgentPki.Ledger;

namespace AgentPki.Authority.Audit;

/// <summary>Finds one entry by reading the whole ledger: for what is asked once a ceremony. A ledger of millions is read in seconds.</summary>
internal static class LedgerSearch
{
    /// <summary>The newest entry of that kind whose details are these; null when there is none, or its details were erased.</summary>
    public static async ValueTask<LedgerRecord?> LastAsync(ILedgerStore ledger, LedgerEntryKind kind, CancellationToken cancellationToken, params IReadOnlyList<(string Name, string Value)> details)
    {
        LedgerRecord? last = null;
        await foreach (var record in ledger.ReadAsync(0, cancellationToken))
        {
            if (record.Leaf.Kind == kind && details.All(d => record.Details?.Facts.GetValueOrDefault(d.Name) == d.Value))
            {
                last = record;
            }
        }

        return last;
    }
}
