using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : ICampaignStore
{
    private const string MemberColumns = """
        SELECT c.name, g.name, g.owner, m.profile, m.position, m.state, m.since, m.problem, m.problem_time
        FROM campaign_members m JOIN campaigns c ON c.id = m.campaign JOIN agents g ON g.id = m.agent
        """;

    ValueTask<IReadOnlyList<CampaignRecord>> ICampaignStore.ListAsync(CancellationToken cancellationToken) => ListAsync(
        "SELECT name, algorithms, owners, profiles, target_key, target_profile, share, retirement, grace, patience, state, created_by, created, ended FROM campaigns ORDER BY id",
        _ => { },
        ReadCampaign,
        cancellationToken);

    ValueTask<IReadOnlyList<CampaignMember>> ICampaignStore.FindMembersAsync(string agentId, CancellationToken cancellationToken) =>
        ListAsync($"{MemberColumns} WHERE m.agent = (SELECT id FROM agents WHERE name = ?1)", rows => rows.Bind(1, agentId), ReadMember, cancellationToken);

    ValueTask<IReadOnlyList<CampaignMember>> ICampaignStore.ListMembersAsync(MemberQuery query, int limit, CancellationToken cancellationToken) => ListAsync(
        $"""
        {MemberColumns}
        WHERE m.campaign = (SELECT id FROM campaigns WHERE name = ?1) AND (?2 IS NULL OR m.state = ?2) AND m.position >= ?3 AND m.position < ?4
        AND (?5 IS NULL OR m.since <= ?5) AND (?6 = 0 OR m.problem IS NOT NULL) ORDER BY m.agent LIMIT ?7
        """,
        rows => rows.Bind(1, query.Campaign).Bind(2, (long?)query.State).Bind(3, (long)query.PositionFrom).Bind(4, (long)query.PositionBelow)
            .Bind(5, query.SinceUntil).Bind(6, query.FailedOnly ? 1L : 0L).Bind(7, (long)limit),
        ReadMember,
        cancellationToken);

    ValueTask<IReadOnlyList<MemberCount>> ICampaignStore.CountMembersAsync(string campaign, DateTimeOffset waitingUntil, CancellationToken cancellationToken) => ListAsync(
        """
        SELECT state, count(*), count(problem), sum(since <= ?2) FROM campaign_members
        WHERE campaign = (SELECT id FROM campaigns WHERE name = ?1) GROUP BY state ORDER BY state
        """,
        rows => rows.Bind(1, campaign).Bind(2, waitingUntil),
        rows => new MemberCount((MemberState)rows.GetInt64(0), (int)rows.GetInt64(1), (int)rows.GetInt64(2), (int)rows.GetInt64(3)),
        cancellationToken);

    ValueTask<IReadOnlyList<CampaignMember>> ICampaignStore.ListDepartedAsync(string campaign, DateTimeOffset now, int limit, CancellationToken cancellationToken) => ListAsync(
        $"""
        {MemberColumns}
        WHERE m.campaign = (SELECT id FROM campaigns WHERE name = ?1) AND m.state IN ({(int)MemberState.Selected}, {(int)MemberState.Switched}, {(int)MemberState.Returning})
        AND (g.state <> {(int)AgentState.Active} OR NOT EXISTS (
            SELECT 1 FROM certificates x WHERE x.agent = m.agent AND x.not_after > ?2
            AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.authority = x.authority AND r.serial = x.serial AND r.reason <> 8)))
        ORDER BY m.agent LIMIT ?3
        """,
        rows => rows.Bind(1, campaign).Bind(2, now).Bind(3, (long)limit),
        ReadMember,
        cancellationToken);

    IAsyncEnumerable<CertificateHolder> ICampaignStore.ListHoldersAsync(DateTimeOffset now, CancellationToken cancellationToken) => StreamAsync(
        $"""
        SELECT g.name, g.owner, c.profile, c.algorithm, count(*), count(DISTINCT c.key), max(c.not_after)
        FROM agents g CROSS JOIN certificates c ON c.agent = g.id AND c.not_after > ?1
        WHERE g.state = {(int)AgentState.Active} AND NOT EXISTS (SELECT 1 FROM revocations r WHERE r.authority = c.authority AND r.serial = c.serial AND r.reason <> 8)
        GROUP BY g.id, c.profile, c.algorithm
        """,
        rows => rows.Bind(1, now),
        rows => new CertificateHolder(
            rows.GetText(0), rows.GetText(1), rows.GetText(2), rows.GetTextOrNull(3) is { } algorithm ? KeyAlgorithm.Find(algorithm) : null,
            (int)rows.GetInt64(4), (int)rows.GetInt64(5), rows.GetTime(6)),
        cancellationToken);

    private CampaignRecord ReadCampaign(SqlStatement row) => new(
        row.GetText(0),
        new CampaignSelector([.. Lines(row.GetText(1)).Select(name => KnownKey(row.GetText(0), name))], Lines(row.GetText(2)), Lines(row.GetText(3))),
        new CampaignTarget(row.GetTextOrNull(4) is { } key ? KnownKey(row.GetText(0), key) : null, row.GetTextOrNull(5)),
        (int)row.GetInt64(6),
        (Retirement)row.GetInt64(7),
        TimeSpan.FromMilliseconds(row.GetInt64(8)),
        TimeSpan.FromMilliseconds(row.GetInt64(9)),
        (CampaignState)row.GetInt64(10),
        row.GetText(11),
        row.GetTime(12),
        row.GetTimeOrNull(13));

    private static CampaignMember ReadMember(SqlStatement row) => new(
        row.GetText(0), row.GetText(1), row.GetText(2), row.GetText(3), (int)row.GetInt64(4), (MemberState)row.GetInt64(5), row.GetTime(6), row.GetTextOrNull(7), row.GetTimeOrNull(8));

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private KeyAlgorithm KnownKey(string campaign, string name) => KeyAlgorithm.Find(name)
        ?? throw new StoreUnavailableException($"Campaign {campaign} in {_options.DatabasePath} speaks of {name} keys, which this build does not know: install a later one.");
}
