using AgentPki.Authority.Governance;
using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Commit;

// Administrators, and what waits for a second person.
internal sealed partial class ChangeApplier
{
    private string? AddAdministrator(StoreChange.AddAdministrator change)
    {
        var added = change.Administrator;
        if (!Write(session.Prepared("INSERT INTO administrators (name, likeness, roles, owners, state, created, changed) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING")
            .Bind(1, added.Name).Bind(2, change.Likeness).Bind(3, Lines(added.Roles.Select(r => r.Word()))).Bind(4, Lines(added.Owners)).Bind(5, (long)added.State).Bind(6, added.Created).Bind(7, added.Changed)))
        {
            return ConflictReasons.AdministratorExists(added.Name);
        }

        foreach (var key in added.Keys)
        {
            if (!WriteKey(added.Name, key, added.Created))
            {
                return ConflictReasons.AdministratorKeyTaken;
            }
        }

        return null;
    }

    private string? SetAdministratorRoles(StoreChange.SetAdministratorRoles change) =>
        Write(session.Prepared("UPDATE administrators SET roles = ?2, owners = ?3, changed = ?4 WHERE name = ?1 AND state = 0")
            .Bind(1, change.Name).Bind(2, Lines(change.Roles.Select(r => r.Word()))).Bind(3, Lines(change.Owners)).Bind(4, change.Time)) ? null : ConflictReasons.AdministratorNotActive(change.Name);

    private string? RemoveAdministrator(StoreChange.RemoveAdministrator change) =>
        Write(session.Prepared("UPDATE administrators SET state = 1, changed = ?2 WHERE name = ?1 AND state = 0").Bind(1, change.Name).Bind(2, change.Time)) ? null : ConflictReasons.AdministratorNotActive(change.Name);

    private string? BindAdministratorKey(StoreChange.BindAdministratorKey change)
    {
        if (FindId(session.Prepared("SELECT number FROM administrators WHERE name = ?1 AND state = 0").Bind(1, change.Name)) is not { } number)
        {
            return ConflictReasons.AdministratorNotActive(change.Name);
        }

        return WriteKey(change.Name, change.Key, change.Time) || FindId(session.Prepared("SELECT administrator FROM administrator_keys WHERE fingerprint = ?1").Bind(1, change.Key)) == number
            ? null
            : ConflictReasons.AdministratorKeyTaken;
    }

    private bool WriteKey(string name, string key, DateTimeOffset time) =>
        Write(session.Prepared("INSERT INTO administrator_keys (fingerprint, administrator, added) SELECT ?1, number, ?3 FROM administrators WHERE name = ?2 ON CONFLICT DO NOTHING").Bind(1, key).Bind(2, name).Bind(3, time));

    private string? AddAdminRequest(AdminRequestRecord request)
    {
        var insert = session.Prepared("""
            INSERT INTO admin_requests (id, operation, method, target, body, requester, requester_key, requester_authority, requester_serial, comment, state, created, not_after)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING
            """)
            .Bind(1, request.Id).Bind(2, request.Operation).Bind(3, request.Method).Bind(4, request.Target).Bind(5, request.Body).Bind(10, request.Comment)
            .Bind(11, (long)request.State).Bind(12, request.Created).Bind(13, request.NotAfter);
        return Write(BindPerson(insert, 6, request.Requester)) ? null : ConflictReasons.AdminRequestExists(request.Id);
    }

    private string? DecideAdminRequest(StoreChange.DecideAdminRequest change)
    {
        var update = session.Prepared("""
            UPDATE admin_requests SET state = ?3, decider = ?4, decider_key = ?5, decider_authority = ?6, decider_serial = ?7, decided = ?8, decision_comment = ?9
            WHERE id = ?1 AND state = ?2
            """)
            .Bind(1, change.Id).Bind(2, (long)change.From).Bind(3, (long)change.To).Bind(8, change.Time).Bind(9, change.Comment);
        return Write(BindPerson(update, 4, change.DecidedBy)) ? null : ConflictReasons.AdminRequestMoved(change.Id, change.From);
    }

    private string? MoveAdminRequest(StoreChange.MoveAdminRequest change) =>
        Write(session.Prepared("UPDATE admin_requests SET state = ?3, outcome = ?4, finished = CASE WHEN ?3 = 5 THEN NULL ELSE ?5 END WHERE id = ?1 AND state = ?2")
            .Bind(1, change.Id).Bind(2, (long)change.From).Bind(3, (long)change.To).Bind(4, change.Outcome).Bind(5, change.Time))
            ? null
            : ConflictReasons.AdminRequestMoved(change.Id, change.From);

    private string? ApproveFile(ApprovedFile file)
    {
        Write(session.Prepared("INSERT INTO approved_files (name, text, approved) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET text = ?2, approved = ?3").Bind(1, file.Name).Bind(2, file.Text).Bind(3, file.Approved));
        return null;
    }

    private static string Lines(IEnumerable<string> words) => string.Join('\n', words);

    private static SqlStatement BindPerson(SqlStatement statement, int parameter, AdminPerson person) => statement
        .Bind(parameter, person.Name).Bind(parameter + 1, person.Credential?.Key).Bind(parameter + 2, person.Credential?.Authority).Bind(parameter + 3, person.Credential?.Serial);
}
