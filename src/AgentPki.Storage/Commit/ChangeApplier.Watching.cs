using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;

namespace AgentPki.Storage.Commit;

// What is done about agents by rule. An agent's suspension, and the hold of its certificates, may be of several responses; it ends with the last of them, unless somebody else has decided the same.
internal sealed partial class ChangeApplier
{
    private string? AddWatchResponse(WatchResponse response)
    {
        if (FindAgentNumber(response.AgentId) is not { } agent)
        {
            return ConflictReasons.AgentUnknown(response.AgentId);
        }

        return Write(session.Prepared("INSERT INTO watch_responses (id, agent, detector, response, explanation, rules, time, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0) ON CONFLICT DO NOTHING")
            .Bind(1, response.Id).Bind(2, agent).Bind(3, response.Detector).Bind(4, response.Response).Bind(5, response.Explanation).Bind(6, response.RulesDigest).Bind(7, response.At))
            ? null
            : ConflictReasons.WatchResponseExists(response.Id);
    }

    private string? FailWatchResponse(StoreChange.FailWatchResponse change) =>
        Write(session.Prepared("UPDATE watch_responses SET state = 2, problem = ?2 WHERE id = ?1 AND state = 0").Bind(1, change.Id).Bind(2, change.Problem)) ? null : ConflictReasons.WatchResponseNotBegun(change.Id);

    private long? FindBegunResponse(string id) => FindId(session.Prepared("SELECT number FROM watch_responses WHERE id = ?1 AND state = 0").Bind(1, id));

    /// <summary>Before agents are stopped, after certificates are taken: what of them is of the response.</summary>
    private void ClaimAgents(SelectorSql sql, long response, bool stops, bool holds, long epoch)
    {
        using var insert = session.PrepareOnce($"""
            {sql.Chosen}INSERT INTO watch_response_agents (response, agent, suspended, held)
            SELECT ?1, id, CASE WHEN ?2 = 0 THEN 0 WHEN state = 0 THEN 1 ELSE suspended END, CASE WHEN ?3 = 0 THEN 0 WHEN held > 0 THEN held ELSE taken END FROM (
                SELECT a.id, a.state,
                coalesce((SELECT max(m.suspended) FROM watch_response_agents m WHERE m.agent = a.id), 0) AS suspended,
                coalesce((SELECT max(m.held) FROM watch_response_agents m WHERE m.agent = a.id), 0) AS held,
                EXISTS (SELECT 1 FROM certificates c JOIN revocations r ON r.authority = c.authority AND r.serial = c.serial WHERE c.agent = a.id AND r.epoch = ?4) AS taken
                FROM agents a WHERE a.id IN (SELECT id FROM chosen))
            WHERE taken OR (?2 <> 0 AND (state = 0 OR suspended > 0)) OR (?3 <> 0 AND held > 0)
            """);
        HasWritten |= sql.BindChosen(insert.Bind(1, response).Bind(2, stops ? 1L : 0).Bind(3, holds ? 1L : 0).Bind(4, epoch)).Execute() > 0;
    }

    private void FinishResponse(long response, SelectedSet selected, long epoch) =>
        Write(session.Prepared("UPDATE watch_responses SET state = 1, certificates = ?2, agents = ?3, epoch = ?4 WHERE number = ?1")
            .Bind(1, response).Bind(2, selected.Count).Bind(3, selected.Agents).Bind(4, selected.Count > 0 ? epoch : null));

    private string? FinishNarrowing(string id, long agent, string adjustment)
    {
        if (FindBegunResponse(id) is not { } response)
        {
            return ConflictReasons.WatchResponseNotBegun(id);
        }

        Write(session.Prepared("UPDATE watch_responses SET state = 1, adjustment = ?2 WHERE number = ?1").Bind(1, response).Bind(2, adjustment));
        Write(session.Prepared("INSERT INTO watch_response_agents (response, agent, suspended, held) VALUES (?1, ?2, 0, 0)").Bind(1, response).Bind(2, agent));
        return null;
    }

    /// <summary>Somebody stops one agent, or lets it go on.</summary>
    private void NoteState(string agentId, bool isStopped) =>
        Write(session.Prepared("UPDATE watch_response_agents SET suspended = ?2 WHERE suspended > 0 AND agent = (SELECT id FROM agents WHERE name = ?1)").Bind(1, agentId).Bind(2, isStopped ? 2L : 0));

    /// <summary>Somebody holds or stops what is selected: what a response did of the same stands when that is taken back.</summary>
    /// <param name="states">The agents that are named.</param>
    /// <param name="holds">Their certificates.</param>
    private void NoteHold(SelectorSql sql, bool states, bool holds)
    {
        if (states)
        {
            using var update = session.PrepareOnce($"{sql.Chosen}UPDATE watch_response_agents SET suspended = 2 WHERE suspended = 1 AND agent IN (SELECT id FROM chosen)");
            HasWritten |= sql.BindChosen(update).Execute() > 0;
        }

        // Few are held by responses, and what is selected may be every certificate there is.
        if (holds && session.QueryInt64("SELECT EXISTS (SELECT 1 FROM watch_response_agents WHERE held > 0)") != 0)
        {
            using var update = session.PrepareOnce($"""
                {sql.Chosen}UPDATE watch_response_agents SET held = 2 WHERE held = 1 AND agent IN (
                    SELECT c.agent FROM certificates c WHERE {sql.Where} AND NOT ({sql.Spared}) AND c.agent IN (SELECT agent FROM watch_response_agents WHERE held > 0))
                """);
            HasWritten |= sql.Bind(update).Execute() > 0;
        }
    }

    /// <summary>Somebody lets go the agents that are named.</summary>
    private void NoteRelease(SelectorSql sql)
    {
        using var update = session.PrepareOnce($"{sql.Chosen}UPDATE watch_response_agents SET suspended = 0, held = 0 WHERE suspended + held > 0 AND agent IN (SELECT id FROM chosen)");
        HasWritten |= sql.BindChosen(update).Execute() > 0;
    }

    private string? RevertWatchResponse(StoreChange.RevertWatchResponse change, long epoch)
    {
        var known = session.Prepared("SELECT number, state, adjustment FROM watch_responses WHERE id = ?1").Bind(1, change.Id);
        if (!known.Read())
        {
            return ConflictReasons.WatchResponseUnknown(change.Id);
        }

        var (response, state, adjustment) = (known.GetInt64(0), (WatchResponseState)known.GetInt64(1), known.GetTextOrNull(2));
        known.Reset();
        switch (state)
        {
            case WatchResponseState.Reverted:
                return ConflictReasons.WatchResponseReverted(change.Id);
            case not WatchResponseState.Done:
                return ConflictReasons.WatchResponseNotDone(change.Id);
        }

        if (adjustment is not null)
        {
            Write(session.Prepared("UPDATE adjustments SET ended = ?2 WHERE id = ?1 AND ended IS NULL AND not_after > ?2").Bind(1, adjustment).Bind(2, change.Time));
        }

        // Held by a response, whichever: those of the agent's others have come to an end too, or it is not among these.
        var certificates = Changed(session.Prepared("""
            UPDATE revocations SET reason = 8, time = ?2, epoch = ?3, leaf = ?4, invalid_since = NULL
            WHERE reason = 6 AND epoch IN (SELECT epoch FROM watch_responses WHERE epoch IS NOT NULL) AND (authority, serial) IN (
                SELECT c.authority, c.serial FROM watch_response_agents m JOIN certificates c ON c.agent = m.agent
                WHERE m.response = ?1 AND m.held = 1 AND NOT EXISTS (SELECT 1 FROM watch_response_agents o WHERE o.agent = m.agent AND o.held > 0 AND o.response <> ?1))
            """).Bind(1, response).Bind(2, change.Time).Bind(3, epoch).Bind(4, _leaf));
        if (certificates > 0)
        {
            RevocationEpoch = epoch;
        }

        var agents = Changed(session.Prepared("""
            UPDATE agents SET state = 0, held = 0 WHERE state = 1 AND id IN (
                SELECT m.agent FROM watch_response_agents m
                WHERE m.response = ?1 AND m.suspended = 1 AND NOT EXISTS (SELECT 1 FROM watch_response_agents o WHERE o.agent = m.agent AND o.suspended > 0 AND o.response <> ?1))
            """).Bind(1, response));
        Write(session.Prepared("UPDATE watch_response_agents SET suspended = 0, held = 0 WHERE response = ?1").Bind(1, response));
        Write(session.Prepared("UPDATE watch_responses SET state = 3, reverted = ?2, reverted_by = ?3, approved_by = ?4 WHERE number = ?1").Bind(1, response).Bind(2, change.Time).Bind(3, change.By).Bind(4, change.ApprovedBy));
        Selected = Describe(epoch, certificates, agents, 0);
        return null;
    }
}
