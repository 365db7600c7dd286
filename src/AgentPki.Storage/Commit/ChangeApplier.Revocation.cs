using System.Security.Cryptography;
using System.Text;
using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Commit;

// The one truth about revocation. Reasons 6 (held) and 8 (released) are not final: their rows may be taken again.
internal sealed partial class ChangeApplier
{
    private string? RevokeCertificate(StoreChange.RevokeCertificate change, long epoch)
    {
        if (AuthorityIdOf(change.Authority) is not { } authority
            || !IsIssued(authority, change.Serial))
        {
            return ConflictReasons.CertificateUnknown(change.Authority, change.Serial);
        }

        if (Write(session.Prepared("""
            INSERT INTO revocations (authority, serial, time, reason, epoch, leaf, not_after, shard)
            SELECT authority, serial, ?3, ?4, ?5, ?6, not_after, shard FROM certificates WHERE authority = ?1 AND serial = ?2
            ON CONFLICT DO UPDATE SET time = excluded.time, reason = excluded.reason, epoch = excluded.epoch, leaf = excluded.leaf, invalid_since = NULL WHERE reason IN (6, 8)
            """)
            .Bind(1, authority).Bind(2, change.Serial).Bind(3, change.Time).Bind(4, (long)change.Reason).Bind(5, epoch).Bind(6, _leaf)))
        {
            RevocationEpoch = epoch;
        }

        if (change.Reason.BlocksKeys())
        {
            Block(session.Prepared("""
                UPDATE keys SET blocked = ?1 WHERE blocked IS NULL AND id IN (
                    SELECT key FROM certificates WHERE authority = ?2 AND serial = ?3 UNION SELECT alternative_key FROM certificates WHERE authority = ?2 AND serial = ?3)
                """).Bind(1, (long)change.Reason).Bind(2, authority).Bind(3, change.Serial));
        }

        return null;
    }

    private string? RequireGood(StoreChange.RequireGood change)
    {
        if (AuthorityIdOf(change.Authority) is not { } authority || !IsIssued(authority, change.Serial))
        {
            return ConflictReasons.CertificateUnknown(change.Authority, change.Serial);
        }

        var rows = session.Prepared("SELECT 1 FROM revocations WHERE authority = ?1 AND serial = ?2 AND reason <> 8").Bind(1, authority).Bind(2, change.Serial);
        var isRevoked = rows.Read();
        rows.Reset();
        return isRevoked ? ConflictReasons.CertificateNotGood(change.Authority, change.Serial) : null;
    }

    private string? RevokeSet(StoreChange.RevokeSet change, long epoch)
    {
        var selector = change.Selector;
        if (selector is { NamesOneCertificate: true, Authority: { } name, Serial: { } serial } && (AuthorityIdOf(name) is not { } authority || !IsIssued(authority, serial.Span)))
        {
            return ConflictReasons.CertificateUnknown(name, serial.Span);
        }

        long? response = null;
        if (change.Response is { } answer && (response = FindBegunResponse(answer)) is null)
        {
            return ConflictReasons.WatchResponseNotBegun(answer);
        }

        var sql = new SelectorSql(selector, change.Time);
        using var insert = session.PrepareOnce($"""
            {sql.Chosen}INSERT INTO revocations (authority, serial, time, reason, epoch, leaf, not_after, shard, invalid_since)
            SELECT c.authority, c.serial, ?1, ?2, ?3, ?4, c.not_after, c.shard, ?5 FROM certificates c WHERE {sql.Where} AND NOT ({sql.Spared})
            ON CONFLICT DO UPDATE SET time = excluded.time, reason = excluded.reason, epoch = excluded.epoch, leaf = excluded.leaf, invalid_since = excluded.invalid_since
            WHERE reason = 8 OR (reason = 6 AND excluded.reason <> 6)
            """);
        var count = sql.Bind(insert.Bind(1, change.Time).Bind(2, (long)change.Reason).Bind(3, epoch).Bind(4, _leaf).Bind(5, change.InvalidSince)).Execute();
        if (count > 0)
        {
            (HasWritten, RevocationEpoch) = (true, epoch);
        }

        var keys = change.Reason.BlocksKeys() ? BlockKeys(sql, selector, change.Reason) : 0;
        var (stops, isHold) = (change.Agents is not null && selector.NamesAgents, change.Reason == RevocationReason.CertificateHold);
        if (response is { } of)
        {
            ClaimAgents(sql, of, stops, isHold, epoch);
        }
        else
        {
            NoteHold(sql, stops, isHold);
        }

        var agents = change.Agents is { } state && stops ? StopAgents(sql, state, isHold) : 0;
        Selected = Describe(epoch, count, agents, keys);
        if (response is { } done)
        {
            FinishResponse(done, Selected, epoch);
        }

        return null;
    }

    private string? ReleaseSet(StoreChange.ReleaseSet change, long epoch)
    {
        var sql = new SelectorSql(change.Selector, change.Time);
        using var update = session.PrepareOnce($"""
            {sql.Chosen}UPDATE revocations SET reason = 8, time = ?1, epoch = ?2, leaf = ?3, invalid_since = NULL
            WHERE reason = 6 AND (authority, serial) IN (SELECT c.authority, c.serial FROM certificates c WHERE {sql.Where} AND NOT ({sql.Spared}))
            """);
        var count = sql.Bind(update.Bind(1, change.Time).Bind(2, epoch).Bind(3, _leaf)).Execute();
        if (count > 0)
        {
            (HasWritten, RevocationEpoch) = (true, epoch);
        }

        var letsGo = change.Agents && change.Selector.NamesAgents;
        var agents = 0L;
        if (letsGo)
        {
            NoteRelease(sql);
            agents = SetAgents(sql, AgentState.Active, isHeld: false, "state = 1 AND held = 1");
        }

        Selected = Describe(epoch, count, agents, 0);
        return null;
    }

    private string? SetAgentParent(StoreChange.SetAgentParent change)
    {
        if (AgentIdOf(change.AgentId) is not { } agent)
        {
            return ConflictReasons.AgentUnknown(change.AgentId);
        }

        if (change.ParentId is not { } parentName)
        {
            Write(session.Prepared("UPDATE agents SET parent = NULL WHERE id = ?1").Bind(1, agent));
            return null;
        }

        var (owner, _) = OwnerOf(agent);
        if (WhyNotParent(parentName, change.AgentId, owner, out var parent) is { } wrong)
        {
            return wrong;
        }

        if (session.QueryInt64($"WITH RECURSIVE up (id) AS (SELECT {parent} UNION SELECT a.parent FROM agents a JOIN up ON a.id = up.id WHERE a.parent IS NOT NULL) SELECT EXISTS (SELECT 1 FROM up WHERE id = {agent})") != 0)
        {
            return ConflictReasons.AgentsOwnAncestor(change.AgentId);
        }

        Write(session.Prepared("UPDATE agents SET parent = ?2 WHERE id = ?1").Bind(1, agent).Bind(2, parent));
        return null;
    }

    /// <summary>Why an agent cannot be the parent of that one; null, and its number, when it can.</summary>
    private string? WhyNotParent(string name, string childName, string childsOwner, out long? parent)
    {
        parent = AgentIdOf(name);
        if (parent is not { } id)
        {
            return ConflictReasons.AgentUnknown(name);
        }

        var (owner, state) = OwnerOf(id);
        return owner != childsOwner ? ConflictReasons.AgentsParentOfAnotherOwner(childName)
            : state != AgentState.Active ? ConflictReasons.AgentNotActive(name)
            : WhyNotChild(id, name, childName);
    }

    private (string Owner, AgentState State) OwnerOf(long agent)
    {
        var rows = session.Prepared("SELECT owner, state FROM agents WHERE id = ?1").Bind(1, agent);
        rows.Read();
        var found = (rows.GetText(0), (AgentState)rows.GetInt64(1));
        rows.Reset();
        return found;
    }

    private bool IsIssued(long authority, ReadOnlySpan<byte> serial) =>
        FindId(session.Prepared("SELECT id FROM certificates WHERE authority = ?1 AND serial = ?2").Bind(1, authority).Bind(2, serial)) is not null;

    /// <summary>One row for the request's epoch, whatever number of changes raised it.</summary>
    private void WriteEvent(CommitRequest request)
    {
        var (kind, reason, time, selector) = request.Changes.Select(c => c switch
        {
            StoreChange.RevokeSet s => (Kind: (RevocationEventKind?)RevocationEventKind.Revoked, s.Reason, s.Time, Selector: s.Selector.ToString()),
            StoreChange.ReleaseSet s => (RevocationEventKind.Released, RevocationReason.RemoveFromCrl, s.Time, s.Selector.ToString()),
            StoreChange.RevokeCertificate s => (RevocationEventKind.Revoked, s.Reason, s.Time, RevocationSelector.Of(s.Authority, s.Serial).ToString()),
            StoreChange.RevertWatchResponse s => (RevocationEventKind.Released, RevocationReason.RemoveFromCrl, s.Time, $"response={s.Id}"),
            _ => (null, default, default, ""),
        }).First(e => e.Kind is not null);
        Write(session.Prepared("""
            INSERT INTO revocation_events (epoch, kind, reason, time, count, selector, leaf)
            VALUES (?1, ?2, ?3, ?4, (SELECT count(*) FROM revocations WHERE epoch = ?1), ?5, ?6)
            """)
            .Bind(1, RevocationEpoch).Bind(2, (long)kind.GetValueOrDefault()).Bind(3, (long)reason).Bind(4, time).Bind(5, selector).Bind(6, _leaf));
    }

    // What a hold suspends, its end lets go again; once it is stopped for anything else, no more. What a rule suspended, a person has stopped now.
    private long StopAgents(SelectorSql sql, AgentState state, bool isHold)
    {
        using var update = session.PrepareOnce($"{sql.Chosen}UPDATE agents SET held = {(isHold ? "held" : "0")}, suspended_by = 0 WHERE ({(isHold ? "" : "held = 1 OR ")}suspended_by <> 0) AND id IN (SELECT id FROM chosen)");
        HasWritten |= sql.BindChosen(update).Execute() > 0;

        return SetAgents(sql, state, isHeld: isHold && state == AgentState.Suspended, state == AgentState.Retired ? "state <> 2" : "state = 0");
    }

    private long SetAgents(SelectorSql sql, AgentState state, bool isHeld, string from)
    {
        using var update = session.PrepareOnce($"{sql.Chosen}UPDATE agents SET state = ?1, held = ?2 WHERE {from} AND id IN (SELECT id FROM chosen)");
        var changed = sql.BindChosen(update.Bind(1, (long)state).Bind(2, isHeld ? 1 : 0)).Execute();
        HasWritten |= changed > 0;
        return changed;
    }

    // Of what was revoked before, and where agents, a key or a certificate are named of what has ended too: that a key is in the wrong hands is often learnt late. Wider conditions keep to what
    // a dry run shows: it cannot be undone, and would read every certificate there ever was.
    private long BlockKeys(SelectorSql sql, RevocationSelector selector, RevocationReason reason)
    {
        var isNamed = selector.NamesAgents || selector.NamesOneCertificate || selector.KeyFingerprint is not null;
        var condition = isNamed ? sql.Ever : sql.Where;
        using var update = session.PrepareOnce($"""
            {sql.Chosen}UPDATE keys SET blocked = ?1 WHERE blocked IS NULL AND id IN (
                SELECT c.key FROM certificates c WHERE {condition} AND NOT ({sql.Spared})
                UNION SELECT c.alternative_key FROM certificates c WHERE {condition} AND NOT ({sql.Spared}) AND c.alternative_key IS NOT NULL)
            """);
        update.Bind(1, (long)reason);
        var blocked = Block(isNamed ? sql.BindEver(update) : sql.Bind(update));
        return selector.KeyFingerprint is not { } key ? blocked : blocked + Block(
            session.Prepared("INSERT INTO keys (fingerprint, blocked) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET blocked = ?2 WHERE blocked IS NULL").Bind(1, key.Span).Bind(2, (long)reason));
    }

    private long Block(SqlStatement statement)
    {
        var blocked = statement.Execute();
        HasWritten |= blocked > 0;
        _key = blocked > 0 ? ([], 0) : _key;
        return blocked;
    }

    /// <summary>What the request selected, read back from the rows it wrote: the digest is of the truth, not of a wish.</summary>
    private SelectedSet Describe(long epoch, long count, long agents, long keys)
    {
        if (count == 0)
        {
            return SelectedSet.Nothing with { Agents = agents, Keys = keys };
        }

        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var authorities = new List<string>();
        using var rows = session.PrepareOnce("SELECT a.name, r.serial FROM revocations r JOIN authorities a ON a.id = r.authority WHERE r.epoch = ?1 ORDER BY a.name, hex(r.serial)").Bind(1, epoch);
        while (rows.Read())
        {
            var name = rows.GetText(0);
            if (authorities is not [.., var last] || last != name)
            {
                authorities.Add(name);
            }

            digest.AppendData(Encoding.UTF8.GetBytes($"{name} {Convert.ToHexStringLower(rows.GetSpan(1))}\n"));
        }

        return new SelectedSet(count, Convert.ToHexStringLower(digest.GetHashAndReset()), [.. authorities], agents, keys);
    }
}
