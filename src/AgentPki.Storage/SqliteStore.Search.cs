using AgentPki.Ledger;
using AgentPki.Ledger.Search;

namespace AgentPki.Storage;

public sealed partial class SqliteStore
{
    private const int MostOctets = 4;

    /// <inheritdoc/>
    public async IAsyncEnumerable<LedgerRecord> SearchAsync(LedgerQuery query, long from, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // What the engine can tell by itself (kind, time, octets that the details have) never leaves it; the rest is the query's own.
        var candidates = StreamAsync(
            $"""
            SELECT {LedgerReads.Columns} FROM ledger WHERE leaf >= ?1 AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR time >= ?3) AND (?4 IS NULL OR time < ?4)
              AND (?5 IS NULL OR instr(details, ?5)) AND (?6 IS NULL OR instr(details, ?6)) AND (?7 IS NULL OR instr(details, ?7)) AND (?8 IS NULL OR instr(details, ?8)) ORDER BY leaf
            """,
            rows =>
            {
                rows.Bind(1, from).Bind(2, query.Kind is { } kind ? (long)kind : (long?)null).Bind(3, query.After).Bind(4, query.Before);
                for (var i = 0; i < MostOctets; i++)
                {
                    _ = i < query.Octets.Count ? rows.Bind(5 + i, query.Octets[i]) : rows.BindNull(5 + i);
                }
            },
            rows => LedgerReads.Record(rows, _logId),
            cancellationToken);
        await foreach (var record in candidates)
        {
            if (query.Matches(record))
            {
                yield return record;
            }
        }
    }
}
