using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Storage.Commit;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

// What was done about agents by rule.
public sealed partial class SqliteStore : IWatchStore
{
    private const string WatchResponseColumns = """
        SELECT w.id, a.name, w.detector, w.response, w.explanation, w.rules, w.time, w.state, w.problem, w.certificates, w.agents, w.epoch, w.adjustment, w.reverted, w.reverted_by, w.approved_by
        FROM watch_responses w JOIN agents a ON a.id = w.agent
        """;

    ValueTask<WatchResponse?> IWatchStore.FindResponseAsync(string id, CancellationToken cancellationToken) =>
        FindAsync($"{WatchResponseColumns} WHERE w.id = ?1", rows => rows.Bind(1, id), ReadWatchResponse, cancellationToken);

    ValueTask<IReadOnlyList<WatchResponse>> IWatchStore.ListResponsesAsync(WatchResponseQuery query, int limit, CancellationToken cancellationToken) => ListAsync(
        $"""
        {WatchResponseColumns} WHERE (?2 IS NULL OR w.state = ?2) AND (?3 IS NULL OR w.time >= ?3) AND (?4 IS NULL OR w.time < ?4)
        AND (?5 IS NULL OR w.number < (SELECT number FROM watch_responses WHERE id = ?5))
        {(query.AgentId is null ? "" : "AND w.agent = (SELECT id FROM agents WHERE name = ?6)")}{(query.Owners is { } own ? $" AND a.owner IN ({Places(7, own.Length)})" : "")}
        ORDER BY w.number DESC LIMIT ?1
        """,
        rows =>
        {
            rows.Bind(1, (long)limit).Bind(2, (long?)query.State).Bind(3, query.From).Bind(4, query.Before).Bind(5, query.After);
            if (query.AgentId is { } agent)
            {
                rows.Bind(6, agent);
            }

            BindTexts(rows, 7, query.Owners ?? []);
        },
        ReadWatchResponse,
        cancellationToken);

    ValueTask<WatchResponse?> IWatchStore.FindStandingAsync(RevocationSelector selector, DateTimeOffset now, CancellationToken cancellationToken) => QueryAsync(
        session =>
        {
            var sql = new SelectorSql(selector, now);
            var named = selector.NamesAgents ? "m.suspended > 0 AND m.agent IN (SELECT id FROM chosen)" : "0";
            return Rows(session, sql, $"""
                {sql.Chosen}{WatchResponseColumns} WHERE w.number = (SELECT max(m.response) FROM watch_response_agents m WHERE ({named}) OR (m.held > 0 AND m.agent IN (
                    SELECT c.agent FROM certificates c WHERE {sql.Where} AND NOT ({sql.Spared}) AND c.agent IN (SELECT agent FROM watch_response_agents WHERE held > 0))))
                """, ReadWatchResponse).FirstOrDefault();
        },
        cancellationToken);

    async ValueTask<long> IWatchStore.CountResponsesAsync(DateTimeOffset from, CancellationToken cancellationToken) =>
        (await ListAsync("SELECT count(*) FROM watch_responses WHERE time >= ?1", rows => rows.Bind(1, from), row => row.GetInt64(0), cancellationToken))[0];

    ValueTask<IReadOnlyList<AnsweredAgent>> IWatchStore.ListAnsweredAsync(string responseId, int limit, CancellationToken cancellationToken) => ListAsync(
        """
        SELECT a.name, m.suspended, m.held FROM watch_response_agents m JOIN agents a ON a.id = m.agent
        WHERE m.response = (SELECT number FROM watch_responses WHERE id = ?1) ORDER BY a.name LIMIT ?2
        """,
        rows => rows.Bind(1, responseId).Bind(2, (long)limit),
        row => new AnsweredAgent(row.GetText(0), (AnswerStanding)row.GetInt64(1), (AnswerStanding)row.GetInt64(2)),
        cancellationToken);

    private static WatchResponse ReadWatchResponse(SqlStatement row) => new(row.GetText(0), row.GetText(1), row.GetText(2), row.GetText(3), row.GetText(4), row.GetText(5), row.GetTime(6))
    {
        State = (WatchResponseState)row.GetInt64(7),
        Problem = row.GetTextOrNull(8),
        Certificates = row.GetInt64(9),
        Agents = row.GetInt64(10),
        Epoch = row.GetInt64OrNull(11),
        AdjustmentId = row.GetTextOrNull(12),
        Reverted = row.GetTimeOrNull(13),
        RevertedBy = row.GetTextOrNull(14),
        ApprovedBy = row.GetTextOrNull(15),
    };
}
