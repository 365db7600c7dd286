using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;
using AgentPki.X509.Names;

namespace AgentPki.Storage.Commit;

// Agents as they are registered, and who answers for them.
internal sealed partial class ChangeApplier
{
    private string? PutAgents(StoreChange.PutAgents change)
    {
        // First what each of them is, then whose child: in one document a child may stand before its parent.
        foreach (var put in change.Agents)
        {
            if (PutAgent(put) is { } wrong)
            {
                return wrong;
            }
        }

        foreach (var put in change.Agents)
        {
            if (PutParent(put.Agent) is { } wrong)
            {
                return wrong;
            }
        }

        foreach (var put in change.Agents)
        {
            if (WhyNotFamily(put.Agent.Id) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    private string? PutAgent(AgentPut put)
    {
        var (agent, registration) = (put.Agent, put.Agent.Registration);
        if (put.Seen is null)
        {
            if (AddOwnerOf(agent.Owner, agent.Registered) is { } gone)
            {
                return gone;
            }

            if (!Write(session.Prepared("INSERT INTO agents (name, owner, profile, state, registered) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING")
                .Bind(1, agent.Id).Bind(2, agent.Owner).Bind(3, agent.Profile).Bind(4, (long)agent.State).Bind(5, agent.Registered)))
            {
                return ConflictReasons.AgentRegistered(agent.Id);
            }

            _agent = (agent.Id, session.LastInsertId);
        }
        else
        {
            if (AgentIdOf(agent.Id) is not { } known)
            {
                return ConflictReasons.AgentUnknown(agent.Id);
            }

            var (owner, state) = OwnerOf(known);
            if (state == AgentState.Retired)
            {
                return ConflictReasons.AgentRetired(agent.Id);
            }

            if (owner != agent.Owner && AddOwnerOf(agent.Owner, agent.Registered) is { } gone)
            {
                return gone;
            }
        }

        var update = session.Prepared("""
            UPDATE agents SET owner = ?3, tier = ?4, purpose = ?5, environment = ?6, profiles = ?7, children = ?8, max_children = ?9, model = ?10, runtime = ?11, review_by = ?12, policy = ?13, limits = ?14, revision = revision + 1
            WHERE name = ?1 AND revision = ?2
            """)
            .Bind(1, agent.Id).Bind(2, (long)(put.Seen ?? 0)).Bind(3, agent.Owner).Bind(4, (long)registration.Tier).Bind(5, registration.Purpose).Bind(6, registration.Environment)
            .Bind(7, Lines(registration.Profiles)).Bind(8, registration.Children is { } children ? Lines(children.Paths) : null).Bind(9, (long?)registration.Children?.Maximum)
            .Bind(10, ComponentText(registration.Model)).Bind(11, ComponentText(registration.Runtime)).Bind(12, (long?)registration.ReviewBy?.DayNumber);
        _ = registration.Policy is { } policy ? update.Bind(13, policy.Span) : update.BindNull(13);
        _ = registration.Limits is { } limits ? update.Bind(14, limits.Span) : update.BindNull(14);
        return Write(update) ? null : ConflictReasons.AgentMoved(agent.Id);
    }

    private string? PutParent(AgentRecord agent)
    {
        var isUnchanged = FindText(session.Prepared("SELECT p.name FROM agents a JOIN agents p ON p.id = a.parent WHERE a.name = ?1").Bind(1, agent.Id)) == agent.Parent;
        return isUnchanged ? null : SetAgentParent(new StoreChange.SetAgentParent(agent.Id, agent.Parent));
    }

    /// <summary>Why an agent cannot stand where it stands: above and below it all have one owner.</summary>
    private string? WhyNotFamily(string name)
    {
        var foreign = session.Prepared("""
            SELECT c.name FROM agents a JOIN agents c ON c.parent = a.id WHERE a.name = ?1 AND c.owner <> a.owner
            UNION ALL SELECT a.name FROM agents a JOIN agents p ON p.id = a.parent WHERE a.name = ?1 AND p.owner <> a.owner
            """).Bind(1, name);
        return FindText(foreign) is { } child ? ConflictReasons.AgentsParentOfAnotherOwner(child) : null;
    }

    /// <summary>Whoever answers for an agent is an owner; null, or why he cannot.</summary>
    private string? AddOwnerOf(string name, DateTimeOffset now)
    {
        if (Write(session.Prepared("INSERT INTO owners (name, kind, state, created) VALUES (?1, 0, 0, ?2) ON CONFLICT DO NOTHING").Bind(1, name).Bind(2, now)))
        {
            return null;
        }

        return StateOfOwner(name) == OwnerState.Left ? ConflictReasons.OwnerLeft(name) : null;
    }

    private string? PutOwner(OwnerRecord owner)
    {
        Write(session.Prepared("INSERT INTO owners (name, kind, contact, state, created) VALUES (?1, ?2, ?3, 0, ?4) ON CONFLICT (name) DO UPDATE SET kind = ?2, contact = ?3")
            .Bind(1, owner.Name).Bind(2, (long)owner.Kind).Bind(3, owner.Contact).Bind(4, owner.Created));
        return null;
    }

    private string? MoveOwner(StoreChange.MoveOwner change)
    {
        if (StateOfOwner(change.Name) is not { } state)
        {
            return ConflictReasons.OwnerUnknown(change.Name);
        }

        if (state != change.To)
        {
            Write(session.Prepared("UPDATE owners SET state = ?2, gone = ?3 WHERE name = ?1").Bind(1, change.Name).Bind(2, (long)change.To).Bind(3, change.To == OwnerState.Left ? change.Time : null));
        }

        var back = change.To == OwnerState.Active ? Changed(session.Prepared("UPDATE agents SET state = 0, suspended_by = 0 WHERE owner = ?1 AND state = 1 AND suspended_by = 1").Bind(1, change.Name)) : 0;
        Selected = SelectedSet.Nothing with { Agents = back };
        return null;
    }

    private string? TransferAgents(StoreChange.TransferAgents change)
    {
        switch (StateOfOwner(change.To))
        {
            case null:
                return ConflictReasons.OwnerUnknown(change.To);
            case OwnerState.Left:
                return ConflictReasons.OwnerLeft(change.To);
        }

        if (change.AgentId is { } one)
        {
            if (AgentIdOf(one) is not { } id)
            {
                return ConflictReasons.AgentUnknown(one);
            }

            if (OwnerOf(id).Owner != change.From)
            {
                return ConflictReasons.AgentOfAnotherOwner(one);
            }

            if (FindId(session.Prepared("SELECT id FROM agents WHERE id = ?1 AND parent IS NOT NULL").Bind(1, id)) is not null)
            {
                return ConflictReasons.AgentHasParent(one);
            }
        }

        const string Family = "WITH RECURSIVE family (id) AS (SELECT id FROM agents WHERE name = ?3 UNION SELECT a.id FROM agents a JOIN family f ON a.parent = f.id) ";
        const string Update = "UPDATE agents SET owner = ?2, revision = revision + 1, state = CASE WHEN state = 1 AND suspended_by = 1 THEN 0 ELSE state END, suspended_by = CASE suspended_by WHEN 1 THEN 0 ELSE suspended_by END WHERE owner = ?1";
        var moved = change.AgentId is null
            ? Changed(session.Prepared(Update).Bind(1, change.From).Bind(2, change.To))
            : Changed(session.Prepared($"{Family}{Update} AND id IN (SELECT id FROM family)").Bind(1, change.From).Bind(2, change.To).Bind(3, change.AgentId));
        Selected = SelectedSet.Nothing with { Agents = moved };
        return null;
    }

    private string? SuspendByRule(StoreChange.SuspendByRule change) =>
        Write(session.Prepared("""
            UPDATE agents SET state = 1, held = 0, suspended_by = ?2 WHERE name = ?1 AND state = 0
            AND ((?2 = 1 AND owner IN (SELECT name FROM owners WHERE state = 1 AND gone <= ?3)) OR (?2 = 2 AND review_by < ?4))
            """).Bind(1, change.AgentId).Bind(2, (long)change.Rule).Bind(3, change.LeftUntil).Bind(4, (long?)change.ReviewBefore?.DayNumber))
            ? null
            : ConflictReasons.AgentNotDue(change.AgentId);

    private string? ReviewAgent(StoreChange.ReviewAgent change)
    {
        if (Write(session.Prepared("""
            UPDATE agents SET review_by = ?2, revision = revision + 1, state = CASE WHEN state = 1 AND suspended_by = 2 THEN 0 ELSE state END, suspended_by = CASE suspended_by WHEN 2 THEN 0 ELSE suspended_by END
            WHERE name = ?1 AND state <> 2
            """).Bind(1, change.AgentId).Bind(2, (long?)change.Next?.DayNumber)))
        {
            return null;
        }

        return AgentIdOf(change.AgentId) is null ? ConflictReasons.AgentUnknown(change.AgentId) : ConflictReasons.AgentRetired(change.AgentId);
    }

    private string? ScheduleReviews(StoreChange.ScheduleReviews change)
    {
        var scheduled = Changed(session.Prepared("UPDATE agents SET review_by = ?2, revision = revision + 1 WHERE tier = ?1 AND state = 0 AND review_by IS NULL").Bind(1, (long)change.Tier).Bind(2, (long)change.By.DayNumber));
        Selected = SelectedSet.Nothing with { Agents = scheduled };
        return scheduled > 0 ? null : ConflictReasons.NothingToSchedule;
    }

    /// <summary>Why a parent may not have that agent for a further child; null when it may.</summary>
    private string? WhyNotChild(long parent, string parentName, string childName)
    {
        var row = session.Prepared("SELECT children, max_children FROM agents WHERE id = ?1 AND children IS NOT NULL").Bind(1, parent);
        if (!row.Read())
        {
            return null;
        }

        var rule = SqliteStore.ReadChildren(row.GetText(0), (int?)row.GetInt64OrNull(1));
        row.Reset();
        if (!rule.Allows(SpiffeId.Parse(childName).Path))
        {
            return ConflictReasons.AgentHasNoMoreChildren(parentName, childName);
        }

        return rule.Maximum is { } most && FindId(session.Prepared("SELECT count(*) FROM agents WHERE parent = ?1 AND state <> 2 AND name <> ?2").Bind(1, parent).Bind(2, childName)) >= most
            ? ConflictReasons.AgentHasNoMoreChildren(parentName, childName)
            : null;
    }

    private OwnerState? StateOfOwner(string name) => (OwnerState?)FindId(session.Prepared("SELECT state FROM owners WHERE name = ?1").Bind(1, name));

    private long Changed(SqlStatement statement)
    {
        var changed = statement.Execute();
        HasWritten |= changed > 0;
        return changed;
    }

    private static string? ComponentText(ComponentDescriptor? component) => component is null ? null : Lines([component.Name, component.Provider ?? "", component.Version ?? "", component.Digest ?? ""]);

    private static string? FindText(SqlStatement query)
    {
        if (!query.Read())
        {
            return null;
        }

        var text = query.GetTextOrNull(0);
        query.Reset();
        return text;
    }
}
