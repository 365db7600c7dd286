using AgentPki.Authority.Store;

namespace AgentPki.Storage.Commit;

internal sealed partial class ChangeApplier
{
    private string? AddFeedStatement(StoreChange.AddFeedStatement change)
    {
        var statement = change.Statement;
        var insert = session.Prepared("""
            INSERT INTO feed_statements (sequence, kind, signed, jws, set_octets)
            SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 FROM feed_statements WHERE sequence >= ?1)
            """)
            .Bind(1, statement.Sequence).Bind(2, statement.Kind).Bind(3, statement.Signed).Bind(4, statement.Jws);
        if (!Write(statement.Set is { } set ? insert.Bind(5, set) : insert.BindNull(5)))
        {
            return ConflictReasons.FeedStatementNotNewer(statement.Sequence);
        }

        Write(session.Prepared("DELETE FROM feed_statements WHERE sequence <= ?1").Bind(1, change.Forget));
        Write(session.Prepared("DELETE FROM feed_statements WHERE signed < ?1").Bind(1, change.ForgetBefore));
        return null;
    }

    private string? AddFeedSigner(StoreChange.AddFeedSigner change)
    {
        Write(session.Prepared("INSERT INTO feed_signers (thumbprint, chain, not_after) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
            .Bind(1, change.Thumbprint).Bind(2, change.Chain).Bind(3, change.NotAfter));
        Write(session.Prepared("DELETE FROM feed_signers WHERE not_after < ?1").Bind(1, change.NotAfter.AddYears(-1)));
        return null;
    }
}
