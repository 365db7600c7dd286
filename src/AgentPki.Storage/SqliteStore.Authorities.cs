using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore : IAuthorityStore
{
    ValueTask<IReadOnlyList<AuthorityRecord>> IAuthorityStore.ListAsync(CancellationToken cancellationToken) => ListAsync(
        "SELECT name, issuer, key_provider, key_label, signature, der, created, alternative_provider, alternative_label, alternative_signature FROM authorities ORDER BY id",
        _ => { },
        ReadAuthority,
        cancellationToken);

    ValueTask<IReadOnlyList<SuccessionRecord>> IAuthorityStore.ListSuccessionsAsync(CancellationToken cancellationToken) => ListAsync(
        """
        SELECT p.name, n.name, s.state, s.new_with_old, s.old_with_new, s.created, s.switch_at, s.served_until
        FROM successions s JOIN authorities p ON p.id = s.predecessor JOIN authorities n ON n.id = s.successor ORDER BY s.created, s.predecessor
        """,
        _ => { },
        row => new SuccessionRecord(
            row.GetText(0), row.GetText(1), (SuccessionState)row.GetInt64(2), row.GetBlobOrNull(3), row.GetBlobOrNull(4), row.GetTime(5), row.GetTimeOrNull(6), row.GetTime(7)),
        cancellationToken);

    private AuthorityRecord ReadAuthority(SqlStatement row)
    {
        var alternative = row.GetTextOrNull(7) is { } provider
            ? new AlternativeAuthorityKey(new KeyReference(provider, row.GetText(8)), SignatureOf(row.GetText(0), row.GetText(9)))
            : null;
        return new AuthorityRecord(
            row.GetText(0), row.GetText(1), new KeyReference(row.GetText(2), row.GetText(3)), SignatureOf(row.GetText(0), row.GetText(4)), row.GetBlob(5), row.GetTime(6), alternative);
    }

    private SignatureAlgorithm SignatureOf(string authority, string name) => SignatureAlgorithm.Find(name)
        ?? throw new StoreUnavailableException($"Certification authority {authority} in {_options.DatabasePath} signs with {name}, which this build does not know: install a later one.");
}
