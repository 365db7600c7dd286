using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Commit;

/// <summary>
/// What each <see cref="StoreChange"/> is in SQL. Conflicts are answered, not thrown: every insert says ON CONFLICT DO NOTHING and every
/// update carries its condition, so that the usual case is one statement a change.
/// </summary>
internal sealed partial class ChangeApplier(SqlSession session)
{
    private readonly Dictionary<string, long> _authorities = new(StringComparer.Ordinal);
    private readonly HashSet<(long Authority, int Shard)> _shards = [];
    private (string Name, long Id) _agent;
    private (byte[] Fingerprint, long Id) _key;
    private long _leaf;

    /// <summary>Whether the current request has written something: what a conflict would have to undo.</summary>
    public bool HasWritten { get; private set; }

    /// <summary>What the current request selected; null: it did not select.</summary>
    public SelectedSet? Selected { get; private set; }

    /// <summary>The revocation epoch after the requests applied so far.</summary>
    public long RevocationEpoch { get; private set; }

    /// <summary>Forgets what was remembered: the transaction, or a request of it, is rolled back.</summary>
    public void Reset(long revocationEpoch)
    {
        _authorities.Clear();
        _shards.Clear();
        (_agent, _key, RevocationEpoch) = (("", 0), ([], 0), revocationEpoch);
    }

    /// <summary>Applies the changes of one request; null, or the conflict at which it stopped.</summary>
    /// <param name="leaf">The index its entry will have, if it has one.</param>
    public CommitOutcome.Conflict? Apply(CommitRequest request, long leaf)
    {
        (_leaf, HasWritten, Selected) = (leaf, false, null);
        var before = RevocationEpoch;

        // What others refer to comes first, whatever order the caller wrote them in.
        for (var phase = 0; phase < 3; phase++)
        {
            foreach (var change in request.Changes)
            {
                if (PhaseOf(change) == phase && Apply(change, before + 1) is { } reason)
                {
                    return new CommitOutcome.Conflict(change, reason);
                }
            }
        }

        if (RevocationEpoch > before)
        {
            WriteEvent(request);
        }

        return null;
    }

    private static int PhaseOf(StoreChange change) => change switch
    {
        StoreChange.AddAuthority or StoreChange.RegisterAgent or StoreChange.AddCampaign => 0,
        StoreChange.BindKey or StoreChange.BindHalf => 1,
        _ => 2,
    };

    private string? Apply(StoreChange change, long epoch) => change switch
    {
        StoreChange.AddCertificate c => AddCertificate(c.Certificate),
        StoreChange.RequireGood c => RequireGood(c),
        StoreChange.RegisterAgent c => RegisterAgent(c.Agent),
        StoreChange.BindKey c => BindKey(c.KeyFingerprint, c.AgentId),
        StoreChange.BindHalf c => BindHalf(c.HalfFingerprint, c.WholeFingerprint),
        StoreChange.ConsumeCredential c => ConsumeCredential(c.Name),
        StoreChange.RevokeCertificate c => RevokeCertificate(c, epoch),
        StoreChange.RevokeSet c => RevokeSet(c, epoch),
        StoreChange.ReleaseSet c => ReleaseSet(c, epoch),
        StoreChange.SetAgentParent c => SetAgentParent(c),
        StoreChange.AddAuthority c => AddAuthority(c.Authority),
        StoreChange.MoveAuthorityKey c => MoveAuthorityKey(c),
        StoreChange.SetAgentState c => SetAgentState(c.AgentId, c.State),
        StoreChange.AddCredential c => AddCredential(c.Credential),
        StoreChange.RevokeCredential c => RevokeCredential(c.Name, c.Time),
        StoreChange.AddApproval c => AddApproval(c.Approval),
        StoreChange.MoveApproval c => MoveApproval(c),
        StoreChange.AddCertificateList c => AddCertificateList(c.CertificateList),
        StoreChange.AddSuccession c => AddSuccession(c.Succession),
        StoreChange.ChangeSuccession c => ChangeSuccession(c),
        StoreChange.MoveMember c => MoveMember(c),
        StoreChange.NoteMember c => NoteMember(c),
        StoreChange.AddMember c => AddMember(c),
        StoreChange.AddCampaign c => AddCampaign(c.Campaign),
        StoreChange.ChangeCampaign c => ChangeCampaign(c),
        StoreChange.AddFeedStatement c => AddFeedStatement(c),
        StoreChange.AddFeedSigner c => AddFeedSigner(c),
        StoreChange.AddBackup c => AddBackup(c.Backup),
        StoreChange.EraseDetails c => EraseDetails(c.LeafIndex),
        StoreChange.FulfilAcmeOrder c => FulfilAcmeOrder(c),
        StoreChange.AddAcmeOrder c => AddAcmeOrder(c),
        StoreChange.AttemptAcmeChallenge c => AttemptAcmeChallenge(c),
        StoreChange.SettleAcmeAuthorization c => SettleAcmeAuthorization(c),
        StoreChange.SpendProof c => SpendProof(c),
        StoreChange.AddAcmeAccount c => AddAcmeAccount(c.Account),
        StoreChange.SetAcmeContacts c => SetAcmeContacts(c),
        StoreChange.EndAcmeAccount c => EndAcmeAccount(c),
        StoreChange.RekeyAcmeAccount c => RekeyAcmeAccount(c),
        StoreChange.AddAcmeAuthorization c => AddAcmeAuthorization(c.Authorization),
        StoreChange.DeactivateAcmeAuthorization c => DeactivateAcmeAuthorization(c),
        StoreChange.ParkAcmeOrder c => ParkAcmeOrder(c),
        StoreChange.FailAcmeOrder c => FailAcmeOrder(c),
        StoreChange.AddAcmeExternalKey c => AddAcmeExternalKey(c.Key),
        StoreChange.RevokeAcmeExternalKey c => RevokeAcmeExternalKey(c.Id, c.Time),
        StoreChange.AddAcmeIncident c => AddAcmeIncident(c.Incident),
        StoreChange.EndAcmeIncident c => EndAcmeIncident(c),
        StoreChange.PruneAcme c => PruneAcme(c),
        StoreChange.AddAdministrator c => AddAdministrator(c),
        StoreChange.SetAdministratorRoles c => SetAdministratorRoles(c),
        StoreChange.RemoveAdministrator c => RemoveAdministrator(c),
        StoreChange.BindAdministratorKey c => BindAdministratorKey(c),
        StoreChange.AddAdminRequest c => AddAdminRequest(c.Request),
        StoreChange.DecideAdminRequest c => DecideAdminRequest(c),
        StoreChange.MoveAdminRequest c => MoveAdminRequest(c),
        StoreChange.ApproveFile c => ApproveFile(c.File),
        StoreChange.PutAgents c => PutAgents(c),
        StoreChange.PutOwner c => PutOwner(c.Owner),
        StoreChange.MoveOwner c => MoveOwner(c),
        StoreChange.TransferAgents c => TransferAgents(c),
        StoreChange.SuspendByRule c => SuspendByRule(c),
        StoreChange.ReviewAgent c => ReviewAgent(c),
        StoreChange.ScheduleReviews c => ScheduleReviews(c),
        StoreChange.AddGrant c => AddGrant(c),
        StoreChange.UseGrant c => UseGrant(c.Digest),
        StoreChange.RequirePolicy c => RequirePolicy(c),
        StoreChange.AddAdjustment c => AddAdjustment(c),
        StoreChange.AddWatchResponse c => AddWatchResponse(c.Response),
        StoreChange.FailWatchResponse c => FailWatchResponse(c),
        StoreChange.RevertWatchResponse c => RevertWatchResponse(c, epoch),
        StoreChange.EndAdjustment c => EndAdjustment(c),
        StoreChange.Spend c => Spend(c),
        _ => throw new ArgumentException($"This build cannot store a {change.GetType().Name}.", nameof(change)),
    };

    private string? RegisterAgent(AgentRecord agent)
    {
        long? parent = null;
        if (agent.Parent is not null && WhyNotParent(agent.Parent, agent.Id, agent.Owner, out parent) is { } wrong)
        {
            return wrong;
        }

        var added = Write(session.Prepared("INSERT INTO agents (name, owner, profile, state, registered, parent) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING")
            .Bind(1, agent.Id).Bind(2, agent.Owner).Bind(3, agent.Profile).Bind(4, (long)agent.State).Bind(5, agent.Registered).Bind(6, parent));
        if (added)
        {
            _agent = (agent.Id, session.LastInsertId);
            return AddOwnerOf(agent.Owner, agent.Registered);
        }

        var known = session.Prepared("SELECT id, owner, state, profile FROM agents WHERE name = ?1").Bind(1, agent.Id);
        known.Read();
        var (id, owner, state, profile) = (known.GetInt64(0), known.GetText(1), (AgentState)known.GetInt64(2), known.GetText(3));
        known.Reset();
        if (state != AgentState.Active)
        {
            return ConflictReasons.AgentNotActive(agent.Id);
        }

        _agent = (agent.Id, id);
        if (owner != agent.Owner)
        {
            return ConflictReasons.AgentOfAnotherOwner(agent.Id);
        }

        // Registered before it had a certificate.
        if (profile.Length == 0)
        {
            Write(session.Prepared("UPDATE agents SET profile = ?2 WHERE id = ?1").Bind(1, id).Bind(2, agent.Profile));
        }

        return null;
    }

    private string? BindKey(byte[] fingerprint, string agentId)
    {
        if (AgentIdOf(agentId) is not { } agent)
        {
            return ConflictReasons.AgentUnknown(agentId);
        }

        if (WholeOf(fingerprint) is not null)
        {
            return ConflictReasons.KeyIsHalf;
        }

        if (Write(session.Prepared("INSERT INTO keys (fingerprint, agent) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, fingerprint).Bind(2, agent)))
        {
            _key = (fingerprint, session.LastInsertId);
            return null;
        }

        // Bound to nobody yet: a key that was certified for the appliance itself, or one that was blocked before it was ever seen.
        var known = FindKey(fingerprint, out var owner, out var blocked);
        if (blocked is { } why)
        {
            return ConflictReasons.KeyIsBlocked(why);
        }

        _key = (fingerprint, known);
        if (owner is null)
        {
            Write(session.Prepared("UPDATE keys SET agent = ?2 WHERE id = ?1").Bind(1, _key.Id).Bind(2, agent));
        }

        return owner is null || owner == agent ? null : ConflictReasons.KeyOfAnotherAgent;
    }

    private string? AddCertificate(CertificateRecord record)
    {
        if (AuthorityIdOf(record.Authority) is not { } authority)
        {
            return ConflictReasons.AuthorityUnknown(record.Authority);
        }

        long? agent = null;
        if (record.AgentId is not null && (agent = AgentIdOf(record.AgentId)) is null)
        {
            return ConflictReasons.AgentUnknown(record.AgentId);
        }

        var (key, blocked) = KeyIdOf(record.KeyFingerprint);
        long? alternative = null;
        if (record.AlternativeKeyFingerprint is { } second)
        {
            (alternative, var secondBlocked) = KeyIdOf(second);
            blocked ??= secondBlocked;
        }

        if (blocked is { } why)
        {
            return ConflictReasons.KeyIsBlocked(why);
        }

        var added = Write(session.Prepared("""
            INSERT INTO certificates (authority, serial, key, agent, leaf, profile, not_before, not_after, issued, requester, der, algorithm, shard, alternative_key)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING
            """)
            .Bind(1, authority).Bind(2, record.Serial).Bind(3, key).Bind(4, agent).Bind(5, _leaf).Bind(6, record.Profile)
            .Bind(7, record.NotBefore).Bind(8, record.NotAfter).Bind(9, record.Issued).Bind(10, record.Requester).Bind(11, record.Der).Bind(12, record.KeyAlgorithm?.Name ?? "").Bind(13, (long)record.Shard)
            .Bind(14, alternative));
        if (!added)
        {
            return ConflictReasons.SerialExists(record.Authority, record.Serial);
        }

        if (record.Shard != 0 && _shards.Add((authority, record.Shard)))
        {
            Write(session.Prepared("INSERT INTO certificate_list_shards (authority, shard) VALUES (?1, ?2) ON CONFLICT DO NOTHING").Bind(1, authority).Bind(2, (long)record.Shard));
        }

        return null;
    }

    private long? AgentIdOf(string name)
    {
        if (_agent.Name == name)
        {
            return _agent.Id;
        }

        if (FindId(session.Prepared("SELECT id FROM agents WHERE name = ?1").Bind(1, name)) is not { } id)
        {
            return null;
        }

        _agent = (name, id);
        return id;
    }

    private long? AuthorityIdOf(string name)
    {
        if (_authorities.TryGetValue(name, out var known))
        {
            return known;
        }

        if (FindId(session.Prepared("SELECT id FROM authorities WHERE name = ?1").Bind(1, name)) is not { } id)
        {
            return null;
        }

        _authorities.Add(name, id);
        return id;
    }

    // What is remembered is not blocked: it was just bound or added, or found to be free, and whatever blocks a key makes it forgotten.
    private (long Id, RevocationReason? Blocked) KeyIdOf(byte[] fingerprint)
    {
        if (_key.Fingerprint.AsSpan().SequenceEqual(fingerprint))
        {
            return (_key.Id, null);
        }

        if (Write(session.Prepared("INSERT INTO keys (fingerprint) VALUES (?1) ON CONFLICT DO NOTHING").Bind(1, fingerprint)))
        {
            _key = (fingerprint, session.LastInsertId);
            return (_key.Id, null);
        }

        var id = FindKey(fingerprint, out _, out var blocked);
        _key = blocked is null ? (fingerprint, id) : _key;
        return (id, blocked);
    }

    private long FindKey(byte[] fingerprint, out long? owner, out RevocationReason? blocked)
    {
        var known = session.Prepared("SELECT id, agent, blocked FROM keys WHERE fingerprint = ?1").Bind(1, fingerprint);
        known.Read();
        (owner, blocked) = (known.GetInt64OrNull(1), (RevocationReason?)known.GetInt64OrNull(2));
        var id = known.GetInt64(0);
        known.Reset();
        return id;
    }

    private static long? FindId(SqlStatement query)
    {
        if (!query.Read())
        {
            return null;
        }

        var id = query.GetInt64(0);
        query.Reset();
        return id;
    }

    private bool Write(SqlStatement statement)
    {
        var changed = statement.Execute() > 0;
        HasWritten |= changed;
        return changed;
    }
}
