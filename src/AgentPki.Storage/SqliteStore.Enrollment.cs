using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : ICredentialStore, IApprovalStore
{
    private const string CredentialColumns = "SELECT name, secret_hash, owner, profiles, subject_pattern, max_uses, uses, created, not_after, revoked FROM credentials";
    private const string ApprovalColumns = "SELECT id, request_hash, request, profile, requester, summary, state, created, not_after, decided_by, decided FROM approvals";

    ValueTask<EnrollmentCredential?> ICredentialStore.FindAsync(string name, CancellationToken cancellationToken) =>
        FindAsync($"{CredentialColumns} WHERE name = ?1", rows => rows.Bind(1, name), ReadCredential, cancellationToken);

    ValueTask<IReadOnlyList<EnrollmentCredential>> ICredentialStore.ListAsync(CancellationToken cancellationToken) =>
        ListAsync($"{CredentialColumns} ORDER BY name", _ => { }, ReadCredential, cancellationToken);

    ValueTask<ApprovalRecord?> IApprovalStore.FindAsync(string id, CancellationToken cancellationToken) =>
        FindAsync($"{ApprovalColumns} WHERE id = ?1", rows => rows.Bind(1, id), ReadApproval, cancellationToken);

    ValueTask<ApprovalRecord?> IApprovalStore.FindByRequestAsync(ReadOnlyMemory<byte> requestHash, CancellationToken cancellationToken) =>
        FindAsync($"{ApprovalColumns} WHERE request_hash = ?1", rows => rows.Bind(1, requestHash.Span), ReadApproval, cancellationToken);

    ValueTask<IReadOnlyList<ApprovalRecord>> IApprovalStore.ListAsync(ApprovalState? state, CancellationToken cancellationToken) => state is { } wanted
        ? ListAsync($"{ApprovalColumns} WHERE state = ?1 ORDER BY number", rows => rows.Bind(1, (long)wanted), ReadApproval, cancellationToken)
        : ListAsync($"{ApprovalColumns} ORDER BY number", _ => { }, ReadApproval, cancellationToken);

    private static EnrollmentCredential ReadCredential(SqlStatement row) => new(
        row.GetText(0),
        row.GetBlob(1),
        row.GetText(2),
        row.GetText(3).Split('\n', StringSplitOptions.RemoveEmptyEntries),
        row.GetTextOrNull(4),
        (int?)row.GetInt64OrNull(5),
        (int)row.GetInt64(6),
        row.GetTime(7),
        row.GetTime(8),
        row.GetTimeOrNull(9));

    private static ApprovalRecord ReadApproval(SqlStatement row) => new(
        row.GetText(0),
        row.GetBlob(1),
        row.GetBlob(2),
        row.GetText(3),
        row.GetText(4),
        row.GetText(5),
        (ApprovalState)row.GetInt64(6),
        row.GetTime(7),
        row.GetTime(8),
        row.GetTextOrNull(9),
        row.GetTimeOrNull(10));
}
