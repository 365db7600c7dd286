using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;

namespace AgentPki.Authority.Enrollment;

/// <summary>
/// The agents this appliance vouches for: lists them, suspends, re-activates and retires them. It takes no certificate away: that is what
/// <see cref="Revocation.RevocationService"/> does, which suspends as well.
/// </summary>
public sealed class AgentService(IAgentStore agents, IWatchStore watch, CommitWriter commits, AuditTrail audit, TimeProvider time)
{
    public ValueTask<IReadOnlyList<AgentRecord>> ListAsync(AgentQuery query, int limit, CancellationToken cancellationToken) => agents.ListAsync(query, limit, cancellationToken);

    public ValueTask<AgentRecord?> FindAsync(string agentId, CancellationToken cancellationToken) => agents.FindAsync(agentId, cancellationToken);

    /// <summary>
    /// From the commit on, no certificate is issued or renewed for an agent that is not active. The state it has already: nothing happens, unless a hold alone suspends it, the end of which
    /// does not make it active then.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<AgentRecord>> SetStateAsync(string agentId, AgentState state, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (await agents.FindAsync(agentId, cancellationToken) is not { } agent)
        {
            return await RefuseAsync(PkiProblemKind.NotFound, "there is no agent of that name", actor, correlationId, cancellationToken);
        }

        // Let go by two people alone; stopped by somebody too it stays so when they have.
        var byRule = agent.State == AgentState.Suspended ? await ResponseReversal.WhyHeldAsync(watch, new RevocationSelector { Agent = agentId }, time.GetUtcNow(), cancellationToken) : null;
        if (agent.State == state && byRule is null && !agent.IsHeld && agent.SuspendedBy == SuspensionRule.None)
        {
            return new Outcome<AgentRecord>.Done(agent);
        }

        if (!AgentRules.CanMove(agent.State, state))
        {
            return await RefuseAsync(PkiProblemKind.Conflict, "the agent is retired, which is for good", actor, correlationId, cancellationToken);
        }

        if (state == AgentState.Active && byRule is not null)
        {
            return await RefuseAsync(byRule.Kind, byRule.Detail, actor, correlationId, cancellationToken);
        }

        // The rule would only suspend it again.
        if (state == AgentState.Active && WhyRuled(agent) is { } ruled)
        {
            return await RefuseAsync(PkiProblemKind.PolicyViolation, ruled, actor, correlationId, cancellationToken);
        }

        var entry = new LedgerEntry(LedgerEntryKind.AgentStateChanged, time.GetUtcNow(), actor, AuditDetails.Of(
            (AuditDetails.Agent, agentId),
            (AuditDetails.From, agent.State.ToString()),
            (AuditDetails.State, state.ToString()),
            (AuditDetails.Correlation, correlationId)));
        return await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.SetAgentState(agentId, state)]), cancellationToken) is CommitOutcome.Conflict conflict
            ? await RefuseAsync(PkiProblemKind.Conflict, conflict.Reason, actor, correlationId, cancellationToken)
            : new Outcome<AgentRecord>.Done(agent with { State = state, IsHeld = false, SuspendedBy = SuspensionRule.None });
    }

    /// <summary>Says which agent spawned an agent (null: none). Both have one owner, the parent is active, and nobody becomes its own ancestor.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<AgentRecord>> SetParentAsync(string agentId, string? parentId, string actor, string correlationId, CancellationToken cancellationToken)
    {
        if (await agents.FindAsync(agentId, cancellationToken) is not { } agent)
        {
            return await RefuseAsync(PkiProblemKind.NotFound, "there is no agent of that name", actor, correlationId, cancellationToken);
        }

        if (agent.Parent == parentId)
        {
            return new Outcome<AgentRecord>.Done(agent);
        }

        if (await FamilyTies.WhyNotLeaveAsync(agent, agents, cancellationToken) is { } tied)
        {
            return await RefuseAsync(tied.Kind, tied.Detail, actor, correlationId, cancellationToken);
        }

        var entry = new LedgerEntry(LedgerEntryKind.AgentParentChanged, time.GetUtcNow(), actor, AuditDetails.Of(
            (AuditDetails.Agent, agentId),
            (AuditDetails.Parent, parentId),
            (AuditDetails.Correlation, correlationId)));
        return await commits.CommitAsync(new CommitRequest(entry, [new StoreChange.SetAgentParent(agentId, parentId)]), cancellationToken) is CommitOutcome.Conflict conflict
            ? await RefuseAsync(PkiProblemKind.Conflict, conflict.Reason, actor, correlationId, cancellationToken)
            : new Outcome<AgentRecord>.Done(agent with { Parent = parentId });
    }

    private static string? WhyRuled(AgentRecord agent) => agent.SuspendedBy switch
    {
        SuspensionRule.OwnerLeft => $"the agent is suspended because {agent.Owner} left: 'agentpki owner transfer' gives it to another owner, 'agentpki owner return' brings him back",
        SuspensionRule.ReviewOverdue => $"the agent is suspended because its review was due on {agent.Registration.ReviewBy:yyyy-MM-dd}: 'agentpki agent review' says that it was made",
        _ => null,
    };

    private async ValueTask<Outcome<AgentRecord>> RefuseAsync(PkiProblemKind kind, string detail, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var problem = new PkiProblem(kind, detail);
        await audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<AgentRecord>.Refused(problem);
    }
}
