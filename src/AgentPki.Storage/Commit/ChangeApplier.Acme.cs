using AgentPki.Authority.Store;

namespace AgentPki.Storage.Commit;

// ACME: every step carries the state it starts from.
internal sealed partial class ChangeApplier
{
    private string? AddAcmeExternalKey(AcmeExternalKey key) =>
        Write(session.Prepared("""
            INSERT INTO acme_external_keys (id, secret, owner, names, profiles, max_accounts, accounts, created, not_after, revoked)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING
            """)
            .Bind(1, key.Id).Bind(2, key.WrappedSecret).Bind(3, key.Owner).Bind(4, string.Join('\n', key.Names)).Bind(5, string.Join('\n', key.Profiles))
            .Bind(6, (long?)key.MaxAccounts).Bind(7, (long)key.Accounts).Bind(8, key.Created).Bind(9, key.NotAfter).Bind(10, key.Revoked))
            ? null
            : ConflictReasons.AcmeExternalKeyExists(key.Id);

    private string? RevokeAcmeExternalKey(string id, DateTimeOffset time) =>
        Write(session.Prepared("UPDATE acme_external_keys SET revoked = coalesce(revoked, ?2) WHERE id = ?1").Bind(1, id).Bind(2, time)) ? null : ConflictReasons.AcmeExternalKeyUnknown(id);

    private string? AddAcmeAccount(AcmeAccount account)
    {
        if (account.ExternalKey is { } key && UseAcmeExternalKey(key) is { } unusable)
        {
            return unusable;
        }

        return Write(session.Prepared("""
            INSERT INTO acme_accounts (id, thumbprint, jwk, contacts, state, external_key, owner, terms, created)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING
            """)
            .Bind(1, account.Id).Bind(2, account.Thumbprint).Bind(3, account.Jwk).Bind(4, string.Join('\n', account.Contacts)).Bind(5, (long)account.State)
            .Bind(6, account.ExternalKey).Bind(7, account.Owner).Bind(8, account.TermsAgreed ? 1L : 0L).Bind(9, account.Created))
            ? null
            : ConflictReasons.AcmeAccountExists;
    }

    private string? UseAcmeExternalKey(string id)
    {
        if (Write(session.Prepared("UPDATE acme_external_keys SET accounts = accounts + 1 WHERE id = ?1 AND revoked IS NULL AND (max_accounts IS NULL OR accounts < max_accounts)").Bind(1, id)))
        {
            return null;
        }

        var known = session.Prepared("SELECT revoked FROM acme_external_keys WHERE id = ?1").Bind(1, id);
        if (!known.Read())
        {
            return ConflictReasons.AcmeExternalKeyUnknown(id);
        }

        var revoked = !known.IsNull(0);
        known.Reset();
        return revoked ? ConflictReasons.AcmeExternalKeyRevoked(id) : ConflictReasons.AcmeExternalKeySpent(id);
    }

    private string? SetAcmeContacts(StoreChange.SetAcmeContacts change) =>
        Write(session.Prepared("UPDATE acme_accounts SET contacts = ?2 WHERE id = ?1 AND state = 0").Bind(1, change.AccountId).Bind(2, string.Join('\n', change.Contacts)))
            ? null
            : ConflictReasons.AcmeAccountNotValid(change.AccountId);

    private string? EndAcmeAccount(StoreChange.EndAcmeAccount change)
    {
        if (!Write(session.Prepared("UPDATE acme_accounts SET state = ?2 WHERE id = ?1 AND state = 0").Bind(1, change.AccountId).Bind(2, (long)change.To)))
        {
            return ConflictReasons.AcmeAccountNotValid(change.AccountId);
        }

        // RFC 8555 §7.3.6: nothing that it began goes on.
        Write(session.Prepared("UPDATE acme_orders SET state = 4 WHERE account = (SELECT number FROM acme_accounts WHERE id = ?1) AND state < 3").Bind(1, change.AccountId));
        Write(session.Prepared("UPDATE acme_authorizations SET state = 3 WHERE account = (SELECT number FROM acme_accounts WHERE id = ?1) AND state < 2").Bind(1, change.AccountId));
        return null;
    }

    private string? RekeyAcmeAccount(StoreChange.RekeyAcmeAccount change)
    {
        var taken = session.Prepared("SELECT number FROM acme_accounts WHERE thumbprint = ?1").Bind(1, change.Thumbprint);
        if (FindId(taken) is not null)
        {
            return ConflictReasons.AcmeAccountExists;
        }

        return Write(session.Prepared("UPDATE acme_accounts SET thumbprint = ?3, jwk = ?4 WHERE id = ?1 AND thumbprint = ?2 AND state = 0")
            .Bind(1, change.AccountId).Bind(2, change.OldThumbprint).Bind(3, change.Thumbprint).Bind(4, change.Jwk))
            ? null
            : ConflictReasons.AcmeAccountNotValid(change.AccountId);
    }

    private string? AddAcmeAuthorization(AcmeAuthorization authorization) => ValidAccount(authorization.AccountId) is { } account
        ? Insert(authorization, account) is null ? ConflictReasons.AcmeAuthorizationMoved(authorization.Id) : null
        : ConflictReasons.AcmeAccountNotValid(authorization.AccountId);

    private string? AddAcmeOrder(StoreChange.AddAcmeOrder change)
    {
        var order = change.Order;
        if (ValidAccount(order.AccountId) is not { } account)
        {
            return ConflictReasons.AcmeAccountNotValid(order.AccountId);
        }

        if (order.Replaces is { } replaced)
        {
            Write(session.Prepared("UPDATE acme_orders SET state = 4 WHERE replaces = ?1 AND state < 2 AND expires <= ?2").Bind(1, replaced).Bind(2, order.Created));
        }

        var added = Write(session.Prepared("""
            INSERT INTO acme_orders (id, account, state, identifiers, profile, created, expires, replaces, error)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING
            """)
            .Bind(1, order.Id).Bind(2, account).Bind(3, (long)order.State).Bind(4, string.Join('\n', order.Identifiers.Select(i => $"{i.Type} {i.Value}")))
            .Bind(5, order.Profile).Bind(6, order.Created).Bind(7, order.Expires).Bind(8, order.Replaces).Bind(9, order.Error));
        if (!added)
        {
            return order.Replaces is null ? ConflictReasons.AcmeOrderExists(order.Id) : ConflictReasons.AcmeAlreadyReplaced(order.Replaces);
        }

        var number = session.LastInsertId;
        for (var i = 0; i < order.Authorizations.Count; i++)
        {
            var id = order.Authorizations[i];
            var needed = change.Added.FirstOrDefault(a => a.Id == id) is { } fresh
                ? Insert(fresh, account)
                : FindId(session.Prepared("SELECT number FROM acme_authorizations WHERE id = ?1 AND account = ?2").Bind(1, id).Bind(2, account));
            if (needed is not { } authorization)
            {
                return ConflictReasons.AcmeAuthorizationForeign(id);
            }

            Write(session.Prepared("INSERT INTO acme_needs (order_number, position, needed) VALUES (?1, ?2, ?3)").Bind(1, number).Bind(2, (long)i).Bind(3, authorization));
        }

        return null;
    }

    private string? AttemptAcmeChallenge(StoreChange.AttemptAcmeChallenge change) =>
        Write(session.Prepared("UPDATE acme_authorizations SET challenge = ?2, attempted = ?3, payload = ?4, account_url = ?5 WHERE id = ?1 AND state = 0 AND challenge IS NULL")
            .Bind(1, change.AuthorizationId).Bind(2, change.Challenge).Bind(3, change.Time).Bind(4, change.Payload).Bind(5, change.AccountUrl))
            ? null
            : ConflictReasons.AcmeAuthorizationMoved(change.AuthorizationId);

    private string? SettleAcmeAuthorization(StoreChange.SettleAcmeAuthorization change)
    {
        var found = session.Prepared("SELECT number FROM acme_authorizations WHERE id = ?1 AND state = 0 AND challenge = ?2").Bind(1, change.AuthorizationId).Bind(2, change.Challenge);
        if (FindId(found) is not { } number)
        {
            return ConflictReasons.AcmeAuthorizationMoved(change.AuthorizationId);
        }

        if (change.Error is { } error)
        {
            Write(session.Prepared("UPDATE acme_authorizations SET state = 2, error = ?2 WHERE number = ?1").Bind(1, number).Bind(2, error));
            FailOrdersThatNeed(number, error);
            return null;
        }

        Write(session.Prepared("UPDATE acme_authorizations SET state = 1, validated = ?2, expires = ?3, facts = ?4 WHERE number = ?1").Bind(1, number).Bind(2, change.Time).Bind(3, change.Expires).Bind(4, change.Facts));
        Write(session.Prepared("UPDATE acme_orders SET expires = ?2 WHERE state < 2 AND expires > ?2 AND number IN (SELECT order_number FROM acme_needs WHERE needed = ?1)").Bind(1, number).Bind(2, change.Expires));
        Write(session.Prepared("""
            UPDATE acme_orders SET state = 1 WHERE state = 0 AND number IN (SELECT order_number FROM acme_needs WHERE needed = ?1)
            AND NOT EXISTS (SELECT 1 FROM acme_needs n JOIN acme_authorizations a ON a.number = n.needed WHERE n.order_number = acme_orders.number AND a.state <> 1)
            """).Bind(1, number));
        return null;
    }

    private string? DeactivateAcmeAuthorization(StoreChange.DeactivateAcmeAuthorization change)
    {
        var id = change.AuthorizationId;
        var found = session.Prepared("SELECT number FROM acme_authorizations WHERE id = ?1 AND state < 2").Bind(1, id);
        if (FindId(found) is not { } number)
        {
            return ConflictReasons.AcmeAuthorizationMoved(id);
        }

        Write(session.Prepared("UPDATE acme_authorizations SET state = 3 WHERE number = ?1").Bind(1, number));
        FailOrdersThatNeed(number, change.Error);
        return null;
    }

    private string? SpendProof(StoreChange.SpendProof change)
    {
        Write(session.Prepared("DELETE FROM acme_spent_proofs WHERE expires < ?1").Bind(1, change.Time));
        return Write(session.Prepared("INSERT INTO acme_spent_proofs (id, expires) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, change.Id).Bind(2, change.Expires)) ? null : ConflictReasons.ProofSpent;
    }

    private string? ParkAcmeOrder(StoreChange.ParkAcmeOrder change) =>
        Write(session.Prepared("UPDATE acme_orders SET state = 2, request = ?2 WHERE id = ?1 AND state = 1").Bind(1, change.OrderId).Bind(2, change.Request)) ? null : ConflictReasons.AcmeOrderMoved(change.OrderId);

    private string? FulfilAcmeOrder(StoreChange.FulfilAcmeOrder change)
    {
        if (AuthorityIdOf(change.Authority) is not { } authority
            || FindId(session.Prepared("SELECT id FROM certificates WHERE authority = ?1 AND serial = ?2").Bind(1, authority).Bind(2, change.Serial)) is not { } certificate)
        {
            return ConflictReasons.CertificateUnknown(change.Authority, change.Serial);
        }

        return Write(session.Prepared("UPDATE acme_orders SET state = 3, certificate = ?2 WHERE id = ?1 AND state IN (1, 2)").Bind(1, change.OrderId).Bind(2, certificate)) ? null : ConflictReasons.AcmeOrderMoved(change.OrderId);
    }

    private string? FailAcmeOrder(StoreChange.FailAcmeOrder change) =>
        Write(session.Prepared("UPDATE acme_orders SET state = 4, error = ?2 WHERE id = ?1 AND state < 3").Bind(1, change.OrderId).Bind(2, change.Error)) ? null : ConflictReasons.AcmeOrderMoved(change.OrderId);

    private string? PruneAcme(StoreChange.PruneAcme change)
    {
        const string OldOrders = "SELECT number FROM acme_orders WHERE certificate IS NULL AND expires < ?1 AND (state <> 2 OR expires < ?3) ORDER BY expires LIMIT ?2";
        const string OldAuthorizations = """
            SELECT number FROM acme_authorizations WHERE expires < ?1
            AND NOT EXISTS (SELECT 1 FROM acme_needs n JOIN acme_orders o ON o.number = n.order_number WHERE n.needed = acme_authorizations.number AND o.state = 2) ORDER BY expires LIMIT ?2
            """;
        foreach (var statement in (ReadOnlySpan<string>)[$"DELETE FROM acme_needs WHERE order_number IN ({OldOrders})", $"DELETE FROM acme_orders WHERE number IN ({OldOrders})"])
        {
            Write(session.Prepared(statement).Bind(1, change.ExpiredBefore).Bind(2, (long)change.Limit).Bind(3, change.WaitingBefore));
        }

        foreach (var statement in (ReadOnlySpan<string>)[$"DELETE FROM acme_needs WHERE needed IN ({OldAuthorizations})", $"DELETE FROM acme_authorizations WHERE number IN ({OldAuthorizations})"])
        {
            Write(session.Prepared(statement).Bind(1, change.ExpiredBefore).Bind(2, (long)change.Limit));
        }

        return null;
    }

    private string? AddAcmeIncident(AcmeIncident incident) =>
        Write(session.Prepared("INSERT INTO acme_incidents (id, authority, profile, reason, url, begun, not_after, ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING")
            .Bind(1, incident.Id).Bind(2, incident.Authority).Bind(3, incident.Profile).Bind(4, incident.Reason).Bind(5, incident.ExplanationUrl)
            .Bind(6, incident.Begun).Bind(7, incident.NotAfter).Bind(8, incident.Ended))
            ? null
            : ConflictReasons.AcmeIncidentExists(incident.Id);

    private string? EndAcmeIncident(StoreChange.EndAcmeIncident change) =>
        Write(session.Prepared("UPDATE acme_incidents SET ended = ?2 WHERE id = ?1 AND ended IS NULL").Bind(1, change.Id).Bind(2, change.Time)) ? null : ConflictReasons.AcmeIncidentNotOpen(change.Id);

    private long? ValidAccount(string id) => FindId(session.Prepared("SELECT number FROM acme_accounts WHERE id = ?1 AND state = 0").Bind(1, id));

    private long? Insert(AcmeAuthorization authorization, long account) =>
        Write(session.Prepared("""
            INSERT INTO acme_authorizations (id, account, type, value, wildcard, state, expires, seed, challenge, attempted, validated, error, facts)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO NOTHING
            """)
            .Bind(1, authorization.Id).Bind(2, account).Bind(3, authorization.Identifier.Type).Bind(4, authorization.Identifier.Value).Bind(5, authorization.Wildcard ? 1L : 0L)
            .Bind(6, (long)authorization.State).Bind(7, authorization.Expires).Bind(8, authorization.Seed).Bind(9, authorization.Challenge).Bind(10, authorization.Attempted)
            .Bind(11, authorization.Validated).Bind(12, authorization.Error).Bind(13, authorization.Facts))
            ? session.LastInsertId
            : null;

    private void FailOrdersThatNeed(long authorization, string? error) =>
        Write(session.Prepared("UPDATE acme_orders SET state = 4, error = ?2 WHERE state < 3 AND number IN (SELECT order_number FROM acme_needs WHERE needed = ?1)").Bind(1, authorization).Bind(2, error));
}
