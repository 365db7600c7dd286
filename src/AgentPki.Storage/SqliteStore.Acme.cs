using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : IAcmeStore
{
    private const string ExternalKeyColumns = "SELECT id, secret, owner, names, profiles, max_accounts, accounts, created, not_after, revoked FROM acme_external_keys";
    private const string AccountColumns = "SELECT id, thumbprint, jwk, contacts, state, external_key, owner, terms, created FROM acme_accounts";

    private const string AuthorizationColumns = """
        SELECT z.id, a.id, z.type, z.value, z.wildcard, z.state, z.expires, z.seed, z.challenge, z.payload, z.attempted, z.validated, z.error, z.facts, z.account_url
        FROM acme_authorizations z JOIN acme_accounts a ON a.number = z.account
        """;

    private const string OrderColumns = """
        SELECT o.id, a.id, o.state, o.identifiers,
        (SELECT group_concat(z.id, ' ' ORDER BY n.position) FROM acme_needs n JOIN acme_authorizations z ON z.number = n.needed WHERE n.order_number = o.number),
        o.profile, o.created, o.expires, o.replaces, o.request, i.name, c.serial, o.error
        FROM acme_orders o JOIN acme_accounts a ON a.number = o.account LEFT JOIN certificates c ON c.id = o.certificate LEFT JOIN authorities i ON i.id = c.authority
        """;

    ValueTask<AcmeExternalKey?> IAcmeStore.FindExternalKeyAsync(string id, CancellationToken cancellationToken) =>
        FindAsync($"{ExternalKeyColumns} WHERE id = ?1", rows => rows.Bind(1, id), ReadExternalKey, cancellationToken);

    ValueTask<IReadOnlyList<AcmeExternalKey>> IAcmeStore.ListExternalKeysAsync(CancellationToken cancellationToken) =>
        ListAsync($"{ExternalKeyColumns} ORDER BY id", _ => { }, ReadExternalKey, cancellationToken);

    ValueTask<AcmeAccount?> IAcmeStore.FindAccountAsync(string id, CancellationToken cancellationToken) =>
        FindAsync($"{AccountColumns} WHERE id = ?1", rows => rows.Bind(1, id), ReadAccount, cancellationToken);

    ValueTask<AcmeAccount?> IAcmeStore.FindAccountByKeyAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken) =>
        FindAsync($"{AccountColumns} WHERE thumbprint = ?1", rows => rows.Bind(1, thumbprint.Span), ReadAccount, cancellationToken);

    ValueTask<IReadOnlyList<AcmeAccount>> IAcmeStore.ListAccountsAsync(int limit, CancellationToken cancellationToken) =>
        ListAsync($"{AccountColumns} ORDER BY number DESC LIMIT ?1", rows => rows.Bind(1, (long)limit), ReadAccount, cancellationToken);

    ValueTask<AcmeOrder?> IAcmeStore.FindOrderAsync(string id, CancellationToken cancellationToken) =>
        FindAsync($"{OrderColumns} WHERE o.id = ?1", rows => rows.Bind(1, id), ReadOrder, cancellationToken);

    ValueTask<AcmeOrder?> IAcmeStore.FindOrderOfAsync(string authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken) =>
        FindAsync($"{OrderColumns} WHERE i.name = ?1 AND c.serial = ?2", rows => rows.Bind(1, authority).Bind(2, serial.Span), ReadOrder, cancellationToken);

    ValueTask<IReadOnlyList<string>> IAcmeStore.ListOrdersAsync(string accountId, string? before, DateTimeOffset? made, int limit, CancellationToken cancellationToken) => ListAsync(
        """
        SELECT o.id FROM acme_orders o JOIN acme_accounts a ON a.number = o.account WHERE a.id = ?1 AND o.state <> 4
        AND (?2 IS NULL OR CASE WHEN EXISTS (SELECT 1 FROM acme_orders b WHERE b.id = ?2 AND b.account = a.number) THEN o.number < (SELECT number FROM acme_orders WHERE id = ?2) ELSE o.created < ?4 END)
        ORDER BY o.number DESC LIMIT ?3
        """,
        rows => rows.Bind(1, accountId).Bind(2, before).Bind(3, (long)limit).Bind(4, made),
        row => row.GetText(0),
        cancellationToken);

    ValueTask<AcmeAuthorization?> IAcmeStore.FindAuthorizationAsync(string id, CancellationToken cancellationToken) =>
        FindAsync($"{AuthorizationColumns} WHERE z.id = ?1", rows => rows.Bind(1, id), ReadAuthorization, cancellationToken);

    ValueTask<AcmeAuthorization?> IAcmeStore.FindValidAuthorizationAsync(string accountId, AcmeIdentifier identifier, bool wildcard, DateTimeOffset until, CancellationToken cancellationToken) => FindAsync(
        $"""
        {AuthorizationColumns} WHERE z.account = (SELECT number FROM acme_accounts WHERE id = ?1) AND z.type = ?2 AND z.value = ?3 AND z.state = 1 AND z.wildcard = ?4 AND z.expires > ?5
        ORDER BY z.expires DESC LIMIT 1
        """,
        rows => rows.Bind(1, accountId).Bind(2, identifier.Type).Bind(3, identifier.Value).Bind(4, wildcard ? 1L : 0L).Bind(5, until),
        ReadAuthorization,
        cancellationToken);

    ValueTask<IReadOnlyList<AcmeAuthorization>> IAcmeStore.ListAttemptedAsync(int limit, CancellationToken cancellationToken) =>
        ListAsync($"{AuthorizationColumns} WHERE z.state = 0 AND z.attempted IS NOT NULL ORDER BY z.attempted LIMIT ?1", rows => rows.Bind(1, (long)limit), ReadAuthorization, cancellationToken);

    ValueTask<IReadOnlyList<AcmeIncident>> IAcmeStore.ListIncidentsAsync(int limit, CancellationToken cancellationToken) => ListAsync(
        "SELECT id, authority, profile, reason, url, begun, not_after, ended FROM acme_incidents ORDER BY number DESC LIMIT ?1",
        rows => rows.Bind(1, (long)limit),
        row => new AcmeIncident(row.GetText(0), row.GetTextOrNull(1), row.GetTextOrNull(2), row.GetText(3), row.GetTextOrNull(4), row.GetTime(5), row.GetTime(6), row.GetTimeOrNull(7)),
        cancellationToken);

    private static AcmeExternalKey ReadExternalKey(SqlStatement row) => new(
        row.GetText(0),
        row.GetBlob(1),
        row.GetText(2),
        Lines(row.GetText(3)),
        Lines(row.GetText(4)),
        (int?)row.GetInt64OrNull(5),
        (int)row.GetInt64(6),
        row.GetTime(7),
        row.GetTime(8),
        row.GetTimeOrNull(9));

    private static AcmeAccount ReadAccount(SqlStatement row) => new(
        row.GetText(0),
        row.GetBlob(1),
        row.GetBlob(2),
        Lines(row.GetText(3)),
        (AcmeAccountState)row.GetInt64(4),
        row.GetTextOrNull(5),
        row.GetText(6),
        row.GetInt64(7) != 0,
        row.GetTime(8));

    private static AcmeAuthorization ReadAuthorization(SqlStatement row) => new(
        row.GetText(0),
        row.GetText(1),
        AcmeIdentifier.Parse(row.GetText(2), row.GetText(3)),
        row.GetInt64(4) != 0,
        (AcmeAuthorizationState)row.GetInt64(5),
        row.GetTime(6),
        row.GetBlob(7),
        row.GetTextOrNull(8),
        row.GetBlobOrNull(9),
        row.GetTimeOrNull(10),
        row.GetTimeOrNull(11),
        row.GetTextOrNull(12),
        row.GetTextOrNull(13)) { AccountUrl = row.GetTextOrNull(14) };

    private static AcmeOrder ReadOrder(SqlStatement row) => new(
        row.GetText(0),
        row.GetText(1),
        (AcmeOrderState)row.GetInt64(2),
        [.. Lines(row.GetText(3)).Select(line => AcmeIdentifier.Parse(line[..line.IndexOf(' ', StringComparison.Ordinal)], line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]))],
        row.GetTextOrNull(4)?.Split(' ') ?? [],
        row.GetText(5),
        row.GetTime(6),
        row.GetTime(7),
        row.GetTextOrNull(8),
        row.GetBlobOrNull(9),
        row.GetTextOrNull(10) is { } authority ? new AcmeCertificate(authority, row.GetBlob(11)) : null,
        row.GetTextOrNull(12));
}
