using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Store;
using AgentPki.X509.Names;

namespace AgentPki.Testing.Stores;

// The registry.
internal static partial class InMemoryChanges
{
    private static InMemoryState PutAgents(InMemoryState state, StoreChange.PutAgents c)
    {
        foreach (var put in c.Agents)
        {
            state = PutAgent(state, c, put);
        }

        foreach (var put in c.Agents)
        {
            if (state.Agents[put.Agent.Id].Parent != put.Agent.Parent)
            {
                state = PutParent(state, c, put.Agent.Id, put.Agent.Parent);
            }
        }

        foreach (var put in c.Agents)
        {
            var agent = state.Agents[put.Agent.Id];
            Check(state.Agents.Values.Where(a => a.Parent == agent.Id).All(a => a.Owner == agent.Owner) && (agent.Parent is null || state.Agents[agent.Parent].Owner == agent.Owner), c, ConflictReasons.AgentsParentOfAnotherOwner(agent.Id));
        }

        return state;
    }

    private static InMemoryState PutAgent(InMemoryState state, StoreChange c, AgentPut put)
    {
        var id = put.Agent.Id;
        if (put.Seen is not { } seen)
        {
            Check(!state.Agents.ContainsKey(id), c, ConflictReasons.AgentRegistered(id));
            state = AddOwnerOf(state, c, put.Agent.Owner, put.Agent.Registered);
            var added = put.Agent with { Registered = Milliseconds(put.Agent.Registered), Parent = null, Registration = put.Agent.Registration with { Revision = 1 } };
            return state with { Agents = state.Agents.Add(id, added), Registered = state.Registered.Add(id) };
        }

        Check(state.Agents.TryGetValue(id, out var known), c, ConflictReasons.AgentUnknown(id));
        Check(known!.State != AgentState.Retired, c, ConflictReasons.AgentRetired(id));
        state = known.Owner == put.Agent.Owner ? state : AddOwnerOf(state, c, put.Agent.Owner, put.Agent.Registered);
        Check(known.Registration.Revision == seen, c, ConflictReasons.AgentMoved(id));
        return state with { Agents = state.Agents.SetItem(id, known with { Owner = put.Agent.Owner, Registration = put.Agent.Registration with { Revision = seen + 1 } }) };
    }

    private static InMemoryState AddOwnerOf(InMemoryState state, StoreChange c, string name, DateTimeOffset now)
    {
        if (!state.Owners.TryGetValue(name, out var known))
        {
            return state with { Owners = state.Owners.Add(name, new OwnerRecord(name, OwnerKind.Unstated, null, OwnerState.Active, Milliseconds(now), null)) };
        }

        Check(known.State == OwnerState.Active, c, ConflictReasons.OwnerLeft(name));
        return state;
    }

    private static InMemoryState PutOwner(InMemoryState state, StoreChange.PutOwner c)
    {
        var owner = state.Owners.TryGetValue(c.Owner.Name, out var known)
            ? known with { Kind = c.Owner.Kind, Contact = c.Owner.Contact }
            : c.Owner with { State = OwnerState.Active, Left = null, Created = Milliseconds(c.Owner.Created) };
        return state with { Owners = state.Owners.SetItem(owner.Name, owner) };
    }

    private static InMemoryState MoveOwner(InMemoryState state, StoreChange.MoveOwner c)
    {
        Check(state.Owners.TryGetValue(c.Name, out var known), c, ConflictReasons.OwnerUnknown(c.Name));
        if (known!.State != c.To)
        {
            state = state with { Owners = state.Owners.SetItem(c.Name, known with { State = c.To, Left = c.To == OwnerState.Left ? Milliseconds(c.Time) : null }) };
        }

        var back = c.To == OwnerState.Active ? state.Agents.Values.Where(a => a.Owner == c.Name && a is { State: AgentState.Suspended, SuspendedBy: SuspensionRule.OwnerLeft }).ToList() : [];
        return Replaced(state, back.Select(a => a with { State = AgentState.Active, SuspendedBy = SuspensionRule.None }).ToList());
    }

    private static InMemoryState TransferAgents(InMemoryState state, StoreChange.TransferAgents c)
    {
        Check(state.Owners.TryGetValue(c.To, out var to), c, ConflictReasons.OwnerUnknown(c.To));
        Check(to!.State == OwnerState.Active, c, ConflictReasons.OwnerLeft(c.To));
        if (c.AgentId is { } one)
        {
            Check(state.Agents.TryGetValue(one, out var agent), c, ConflictReasons.AgentUnknown(one));
            Check(agent!.Owner == c.From, c, ConflictReasons.AgentOfAnotherOwner(one));
            Check(agent.Parent is null, c, ConflictReasons.AgentHasParent(one));
        }

        var moved = state.Agents.Values.Where(a => a.Owner == c.From && (c.AgentId is null || a.Id == c.AgentId || Ancestors(state, a).Contains(c.AgentId)));
        return Replaced(state, moved.Select(a => Without(a, SuspensionRule.OwnerLeft) with { Owner = c.To, Registration = a.Registration with { Revision = a.Registration.Revision + 1 } }).ToList());
    }

    private static InMemoryState SuspendByRule(InMemoryState state, StoreChange.SuspendByRule c)
    {
        Check(
            state.Agents.TryGetValue(c.AgentId, out var agent) && agent.State == AgentState.Active && c.Rule switch
            {
                SuspensionRule.OwnerLeft => state.Owners[agent.Owner] is { State: OwnerState.Left, Left: { } left } && left <= c.LeftUntil,
                SuspensionRule.ReviewOverdue => agent.Registration.ReviewBy < c.ReviewBefore,
                _ => false,
            },
            c,
            ConflictReasons.AgentNotDue(c.AgentId));
        return state with { Agents = state.Agents.SetItem(c.AgentId, agent! with { State = AgentState.Suspended, IsHeld = false, SuspendedBy = c.Rule }) };
    }

    private static InMemoryState ReviewAgent(InMemoryState state, StoreChange.ReviewAgent c)
    {
        Check(state.Agents.TryGetValue(c.AgentId, out var agent), c, ConflictReasons.AgentUnknown(c.AgentId));
        Check(agent!.State != AgentState.Retired, c, ConflictReasons.AgentRetired(c.AgentId));
        var reviewed = Without(agent, SuspensionRule.ReviewOverdue) with { Registration = agent.Registration with { ReviewBy = c.Next, Revision = agent.Registration.Revision + 1 } };
        return state with { Agents = state.Agents.SetItem(c.AgentId, reviewed) };
    }

    private static InMemoryState ScheduleReviews(InMemoryState state, StoreChange.ScheduleReviews c)
    {
        var without = state.Agents.Values.Where(a => a.State == AgentState.Active && a.Registration.Tier == c.Tier && a.Registration.ReviewBy is null).ToList();
        Check(without.Count > 0, c, ConflictReasons.NothingToSchedule);
        return Replaced(state, [.. without.Select(a => a with { Registration = a.Registration with { ReviewBy = c.By, Revision = a.Registration.Revision + 1 } })]);
    }

    private static AgentRecord Without(AgentRecord agent, SuspensionRule rule) =>
        agent.SuspendedBy != rule ? agent : agent with { State = agent.State == AgentState.Suspended ? AgentState.Active : agent.State, SuspendedBy = SuspensionRule.None };

    private static InMemoryState Replaced(InMemoryState state, List<AgentRecord> agents) => state with
    {
        Agents = state.Agents.SetItems(agents.Select(a => KeyValuePair.Create(a.Id, a))),
        Selected = SelectedSet.Nothing with { Agents = agents.Count },
    };

    private static void CheckChild(InMemoryState state, StoreChange c, AgentRecord parent, string childId)
    {
        if (parent.Registration.Children is { } rule)
        {
            var others = state.Agents.Values.Count(a => a.Parent == parent.Id && a.State != AgentState.Retired && a.Id != childId);
            Check(rule.Allows(SpiffeId.Parse(childId).Path) && (rule.Maximum is not { } most || others < most), c, ConflictReasons.AgentHasNoMoreChildren(parent.Id, childId));
        }
    }
}
