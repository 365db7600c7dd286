using AgentPki.Authority.Governance;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : IGovernanceStore
{
    private const string AdministratorColumns = """
        SELECT a.name, a.roles, a.owners, a.state, a.created, a.changed,
        (SELECT group_concat(k.fingerprint, ' ' ORDER BY k.number) FROM administrator_keys k WHERE k.administrator = a.number)
        FROM administrators a
        """;

    private const string AdminRequestColumns = """
        SELECT id, operation, method, target, body, requester, requester_key, requester_authority, requester_serial, comment, state, created, not_after,
        decider, decider_key, decider_authority, decider_serial, decided, decision_comment, finished, outcome FROM admin_requests
        """;

    ValueTask<IReadOnlyList<AdministratorRecord>> IGovernanceStore.ListAdministratorsAsync(CancellationToken cancellationToken) =>
        ListAsync($"{AdministratorColumns} ORDER BY a.number", _ => { }, ReadAdministrator, cancellationToken);

    ValueTask<AdministratorRecord?> IGovernanceStore.FindAdministratorAsync(string name, CancellationToken cancellationToken) =>
        FindAsync($"{AdministratorColumns} WHERE a.name = ?1", rows => rows.Bind(1, name), ReadAdministrator, cancellationToken);

    ValueTask<AdministratorRecord?> IGovernanceStore.FindAdministratorByKeyAsync(string key, CancellationToken cancellationToken) =>
        FindAsync($"{AdministratorColumns} WHERE a.number = (SELECT administrator FROM administrator_keys WHERE fingerprint = ?1)", rows => rows.Bind(1, key), ReadAdministrator, cancellationToken);

    ValueTask<AdminRequestRecord?> IGovernanceStore.FindRequestAsync(string id, CancellationToken cancellationToken) =>
        FindAsync($"{AdminRequestColumns} WHERE id = ?1", rows => rows.Bind(1, id), ReadAdminRequest, cancellationToken);

    ValueTask<IReadOnlyList<AdminRequestRecord>> IGovernanceStore.ListRequestsAsync(AdminRequestState? state, string? requester, int limit, CancellationToken cancellationToken) => (state, requester) switch
    {
        // Few are open, and there is an index for them.
        ({ } wanted, null) => ListAsync($"{AdminRequestColumns} WHERE state = ?1 ORDER BY number DESC LIMIT ?2", rows => rows.Bind(1, (long)wanted).Bind(2, (long)limit), ReadAdminRequest, cancellationToken),
        (null, null) => ListAsync($"{AdminRequestColumns} ORDER BY number DESC LIMIT ?1", rows => rows.Bind(1, (long)limit), ReadAdminRequest, cancellationToken),
        _ => ListAsync(
            $"{AdminRequestColumns} WHERE requester = ?1 AND (?2 IS NULL OR state = ?2) ORDER BY number DESC LIMIT ?3",
            rows => rows.Bind(1, requester).Bind(2, (long?)state).Bind(3, (long)limit),
            ReadAdminRequest,
            cancellationToken),
    };

    ValueTask<IReadOnlyList<ApprovedFile>> IGovernanceStore.ListApprovedFilesAsync(CancellationToken cancellationToken) =>
        ListAsync("SELECT name, text, approved FROM approved_files ORDER BY name", _ => { }, row => new ApprovedFile(row.GetText(0), row.GetBlob(1), row.GetTime(2)), cancellationToken);

    private static AdministratorRecord ReadAdministrator(SqlStatement row) => new(
        row.GetText(0),
        [.. Lines(row.GetText(1)).Select(RoleOf)],
        [.. Lines(row.GetText(2))],
        [.. (row.GetTextOrNull(6) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)],
        (AdministratorState)row.GetInt64(3),
        row.GetTime(4),
        row.GetTime(5));

    private static AdminRole RoleOf(string word) => AdminRoles.TryParse(word, out var role) ? role.Value : throw new InvalidOperationException($"The store names a role '{word}' that this build does not know.");

    private static AdminRequestRecord ReadAdminRequest(SqlStatement row) => new(
        row.GetText(0),
        row.GetText(1),
        row.GetText(2),
        row.GetText(3),
        row.GetBlob(4),
        ReadPerson(row, 5) ?? throw new InvalidOperationException("A request without its requester."),
        row.GetTextOrNull(9),
        (AdminRequestState)row.GetInt64(10),
        row.GetTime(11),
        row.GetTime(12))
    {
        DecidedBy = ReadPerson(row, 13),
        Decided = row.GetTimeOrNull(17),
        DecisionComment = row.GetTextOrNull(18),
        Finished = row.GetTimeOrNull(19),
        Outcome = row.GetTextOrNull(20),
    };

    private static AdminPerson? ReadPerson(SqlStatement row, int column) => row.GetTextOrNull(column) is { } name
        ? new AdminPerson(name, row.GetTextOrNull(column + 1) is { } key ? new AdminCredential(key, row.GetText(column + 2), row.GetText(column + 3)) : null)
        : null;
}
