using AgentPki.Authority.Store;

namespace AgentPki.Storage.Commit;

// Delegation: grants, and what may rest on them.
internal sealed partial class ChangeApplier
{
    private string? AddGrant(StoreChange.AddGrant change)
    {
        var grant = change.Grant;
        if (AgentIdOf(grant.Child) is not { } child || AgentIdOf(grant.Parent) is not { } parent)
        {
            return ConflictReasons.AgentUnknown(AgentIdOf(grant.Child) is null ? grant.Child : grant.Parent);
        }

        if (FindId(session.Prepared("SELECT id FROM agents WHERE id = ?1 AND revision = ?2").Bind(1, parent).Bind(2, (long)change.ParentRevision)) is null)
        {
            return ConflictReasons.AgentMoved(grant.Parent);
        }

        return Write(session.Prepared("INSERT INTO grants (digest, parent, child, text, authority, serial, made, leaf) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING")
            .Bind(1, grant.Digest).Bind(2, parent).Bind(3, child).Bind(4, grant.Text).Bind(5, grant.SignerAuthority).Bind(6, grant.SignerSerial).Bind(7, grant.Made).Bind(8, _leaf))
            ? null
            : ConflictReasons.GrantKnown;
    }

    private string? UseGrant(byte[] digest) =>
        Write(session.Prepared("UPDATE grants SET used = 1 WHERE digest = ?1 AND used = 0").Bind(1, digest)) ? null : ConflictReasons.GrantUsed;

    private string? RequirePolicy(StoreChange.RequirePolicy change)
    {
        var known = session.Prepared("SELECT policy FROM agents WHERE name = ?1").Bind(1, change.AgentId);
        var isThere = known.Read();
        var policy = isThere ? known.GetBlobOrNull(0) : null;
        known.Reset();
        return policy.AsSpan().SequenceEqual(change.Policy) && policy is null == change.Policy is null ? null : ConflictReasons.AgentPolicyMoved(change.AgentId);
    }
}
