using AgentPki.Agents;
using AgentPki.Authority.Store;

namespace AgentPki.Storage.Commit;

// The changes that people make, and that their number does not matter of.
internal sealed partial class ChangeApplier
{
    private string? AddAuthority(AuthorityRecord authority)
    {
        var added = Write(session.Prepared("""
            INSERT INTO authorities (name, issuer, key_provider, key_label, signature, der, created, alternative_provider, alternative_label, alternative_signature)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING
            """)
            .Bind(1, authority.Name).Bind(2, authority.Issuer).Bind(3, authority.Key.Provider).Bind(4, authority.Key.Label)
            .Bind(5, authority.Signature.Name).Bind(6, authority.Der).Bind(7, authority.Created)
            .Bind(8, authority.Alternative?.Key.Provider).Bind(9, authority.Alternative?.Key.Label).Bind(10, authority.Alternative?.Signature.Name));
        return added ? null : ConflictReasons.AuthorityExists(authority.Name);
    }

    private string? MoveAuthorityKey(StoreChange.MoveAuthorityKey change) =>
        Write(session.Prepared("UPDATE authorities SET key_provider = ?2, key_label = ?3, alternative_provider = ?4, alternative_label = ?5 WHERE name = ?1 AND (alternative_label IS NULL) = (?5 IS NULL)")
            .Bind(1, change.Name).Bind(2, change.Key.Provider).Bind(3, change.Key.Label).Bind(4, change.Alternative?.Provider).Bind(5, change.Alternative?.Label))
            ? null
            : ConflictReasons.AuthorityUnknown(change.Name);

    private string? AddSuccession(SuccessionRecord succession)
    {
        if (AuthorityIdOf(succession.Predecessor) is not { } predecessor)
        {
            return ConflictReasons.AuthorityUnknown(succession.Predecessor);
        }

        if (AuthorityIdOf(succession.Successor) is not { } successor)
        {
            return ConflictReasons.AuthorityUnknown(succession.Successor);
        }

        var insert = session.Prepared("""
            INSERT INTO successions (predecessor, successor, state, new_with_old, old_with_new, created, switch_at, served_until)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING
            """)
            .Bind(1, predecessor).Bind(2, successor).Bind(3, (long)succession.State).Bind(6, succession.Created).Bind(7, succession.SwitchAt).Bind(8, succession.ServedUntil);
        _ = succession.NewWithOld is { } newWithOld ? insert.Bind(4, newWithOld) : insert.BindNull(4);
        _ = succession.OldWithNew is { } oldWithNew ? insert.Bind(5, oldWithNew) : insert.BindNull(5);
        return Write(insert) ? null : ConflictReasons.SuccessionExists(succession.Predecessor);
    }

    private string? ChangeSuccession(StoreChange.ChangeSuccession change) =>
        Write(session.Prepared("UPDATE successions SET state = ?3, switch_at = CASE WHEN ?3 = 0 THEN NULL ELSE switch_at END WHERE predecessor = (SELECT id FROM authorities WHERE name = ?1) AND state = ?2")
            .Bind(1, change.Predecessor).Bind(2, (long)change.From).Bind(3, (long)change.To))
            ? null
            : ConflictReasons.SuccessionMoved(change.Predecessor, change.From);

    private string? SetAgentState(string agentId, AgentState state)
    {
        NoteState(agentId, isStopped: state != AgentState.Active);
        return Write(session.Prepared("UPDATE agents SET state = ?2, held = 0, suspended_by = 0 WHERE name = ?1").Bind(1, agentId).Bind(2, (long)state)) ? null : ConflictReasons.AgentUnknown(agentId);
    }

    private string? AddCredential(EnrollmentCredential credential)
    {
        var added = Write(session.Prepared("""
            INSERT INTO credentials (name, secret_hash, owner, profiles, subject_pattern, max_uses, uses, created, not_after, revoked)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING
            """)
            .Bind(1, credential.Name).Bind(2, credential.SecretHash).Bind(3, credential.Owner).Bind(4, string.Join('\n', credential.Profiles))
            .Bind(5, credential.SubjectPattern).Bind(6, (long?)credential.MaxUses).Bind(7, (long)credential.Uses)
            .Bind(8, credential.Created).Bind(9, credential.NotAfter).Bind(10, credential.Revoked));
        return added ? null : ConflictReasons.CredentialExists(credential.Name);
    }

    private string? ConsumeCredential(string name)
    {
        if (Write(session.Prepared("UPDATE credentials SET uses = uses + 1 WHERE name = ?1 AND revoked IS NULL AND (max_uses IS NULL OR uses < max_uses)").Bind(1, name)))
        {
            return null;
        }

        var known = session.Prepared("SELECT revoked FROM credentials WHERE name = ?1").Bind(1, name);
        if (!known.Read())
        {
            return ConflictReasons.CredentialUnknown(name);
        }

        var revoked = !known.IsNull(0);
        known.Reset();
        return revoked ? ConflictReasons.CredentialRevoked(name) : ConflictReasons.CredentialSpent(name);
    }

    private string? RevokeCredential(string name, DateTimeOffset time) =>
        Write(session.Prepared("UPDATE credentials SET revoked = coalesce(revoked, ?2) WHERE name = ?1").Bind(1, name).Bind(2, time)) ? null : ConflictReasons.CredentialUnknown(name);

    private string? AddApproval(ApprovalRecord approval)
    {
        var added = Write(session.Prepared("""
            INSERT INTO approvals (id, request_hash, request, profile, requester, summary, state, created, not_after, decided_by, decided)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING
            """)
            .Bind(1, approval.Id).Bind(2, approval.RequestHash).Bind(3, approval.Request).Bind(4, approval.Profile).Bind(5, approval.Requester).Bind(6, approval.Summary)
            .Bind(7, (long)approval.State).Bind(8, approval.Created).Bind(9, approval.NotAfter).Bind(10, approval.DecidedBy).Bind(11, approval.Decided));
        return added ? null : ConflictReasons.ApprovalExists;
    }

    private string? BindHalf(byte[] half, byte[] whole)
    {
        if (IsKey(half))
        {
            return ConflictReasons.HalfIsKey;
        }

        return Write(session.Prepared("INSERT INTO key_halves (fingerprint, whole) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, half).Bind(2, whole))
            || (WholeOf(half) is { } known && known.AsSpan().SequenceEqual(whole))
                ? null
                : ConflictReasons.HalfIsKey;
    }

    private bool IsKey(byte[] fingerprint)
    {
        var rows = session.Prepared("SELECT 1 FROM keys WHERE fingerprint = ?1").Bind(1, fingerprint);
        var found = rows.Read();
        rows.Reset();
        return found;
    }

    private byte[]? WholeOf(byte[] half)
    {
        var rows = session.Prepared("SELECT whole FROM key_halves WHERE fingerprint = ?1").Bind(1, half);
        var whole = rows.Read() ? rows.GetBlob(0) : null;
        rows.Reset();
        return whole;
    }

    private string? MoveApproval(StoreChange.MoveApproval change)
    {
        if (Write(session.Prepared("UPDATE approvals SET state = ?3, decided_by = ?4, decided = ?5 WHERE id = ?1 AND state = ?2")
            .Bind(1, change.Id).Bind(2, (long)change.From).Bind(3, (long)change.To).Bind(4, change.DecidedBy).Bind(5, change.Time)))
        {
            return null;
        }

        return FindId(session.Prepared("SELECT number FROM approvals WHERE id = ?1").Bind(1, change.Id)) is null
            ? ConflictReasons.ApprovalUnknown(change.Id)
            : ConflictReasons.ApprovalMoved(change.Id, change.From);
    }

    private string? AddCertificateList(CertificateListRecord list)
    {
        if (AuthorityIdOf(list.Authority) is not { } authority)
        {
            return ConflictReasons.AuthorityUnknown(list.Authority);
        }

        // One statement decides and writes: nothing greater or equal may exist.
        var added = Write(session.Prepared("""
            INSERT INTO published_lists (authority, shard, number, base, epoch, this_update, next_update, sha256, length)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM published_lists WHERE authority = ?1 AND shard = ?2 AND number >= ?3)
            """)
            .Bind(1, authority).Bind(2, (long)list.Shard).Bind(3, list.Number).Bind(4, list.BaseNumber).Bind(5, list.Epoch).Bind(6, list.ThisUpdate).Bind(7, list.NextUpdate)
            .Bind(8, list.Sha256).Bind(9, list.Length));
        if (!added)
        {
            return ConflictReasons.CertificateListNotNewer(list.Authority, list.Number);
        }

        // What has ended is nobody's base any more; the last of each kind stays, whether or not it has.
        Write(session.Prepared("""
            DELETE FROM published_lists WHERE authority = ?1 AND shard = ?2 AND next_update < ?3
            AND number < (SELECT max(l.number) FROM published_lists l WHERE l.authority = ?1 AND l.shard = ?2 AND (l.base IS NULL) = (published_lists.base IS NULL))
            """).Bind(1, authority).Bind(2, (long)list.Shard).Bind(3, list.ThisUpdate));
        return null;
    }

    private string? EraseDetails(long leaf) =>
        Write(session.Prepared("UPDATE ledger SET salt = NULL, details = NULL WHERE leaf = ?1").Bind(1, leaf)) ? null : ConflictReasons.LeafUnknown(leaf);
}
