using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Registry;

/// <summary>Registers agents and changes what is registered of them, reviews them, and gives them to other owners. Each call is all or nothing, and one entry of the ledger.</summary>
public sealed class AgentRegistry
{
    private const string Protocol = "admin";
    private readonly IAgentStore _agents;
    private readonly AgentPlanner _planner;
    private readonly RulesKeeper<RegistryRules> _rules;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;

    internal AgentRegistry(IAgentStore agents, AgentPlanner planner, RulesKeeper<RegistryRules> rules, CommitWriter commits, AuditTrail audit, TimeProvider time) =>
        (_agents, _planner, _rules, _commits, _audit, _time) = (agents, planner, rules, commits, audit, time);

    /// <summary>What a text would do for this caller; nothing is done.</summary>
    /// <param name="file">As messages name it.</param>
    public ValueTask<Outcome<AgentPlan>> PlanAsync(string file, string yaml, AdminCaller caller, CancellationToken cancellationToken) => _planner.PlanAsync(file, yaml, caller, cancellationToken);

    /// <summary>Does what a text says: all of it, or nothing. What is so already is left alone, and when all of it is, nothing is written at all.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<AgentPlan>> ApplyAsync(string file, string yaml, Registrar registrar, CancellationToken cancellationToken)
    {
        var outcome = await _planner.PlanAsync(file, yaml, registrar.Caller, cancellationToken);
        if (outcome is not Outcome<AgentPlan>.Done(var plan))
        {
            return await RefuseAsync<AgentPlan>(((Outcome<AgentPlan>.Refused)outcome).Problem, registrar, cancellationToken);
        }

        if (plan.NeedsSecond && !registrar.IsSeconded)
        {
            return await RefuseAsync<AgentPlan>(NeedsSecond, registrar, cancellationToken);
        }

        var changed = plan.Agents.Where(a => a.Action != AgentAction.Unchanged).ToList();
        if (changed.Count == 0)
        {
            return outcome;
        }

        var entry = new LedgerEntry(LedgerEntryKind.AgentsRegistered, _time.GetUtcNow(), registrar.Actor, Details(changed, yaml, registrar));
        var put = new StoreChange.PutAgents([.. changed.Select(c => new AgentPut(c.After, c.Before?.Registration.Revision))]);
        return await _commits.CommitAsync(new CommitRequest(entry, [put]), cancellationToken) is CommitOutcome.Conflict conflict
            ? await RefuseAsync<AgentPlan>(new PkiProblem(PkiProblemKind.Conflict, conflict.Reason.TrimEnd('.')), registrar, cancellationToken)
            : outcome;
    }

    /// <summary>Whether a review of that agent by that caller wants a second person; false of one that is not there, or not his to review.</summary>
    public async ValueTask<bool> ReviewWantsSecondAsync(string agentId, AdminCaller caller, CancellationToken cancellationToken) =>
        await _agents.FindAsync(agentId, cancellationToken) is { } agent && _rules.Current is var rules
        && rules.Of(agent.Registration.Tier).SecondPerson && RegistrarRights.WhyNot(caller, agent.Id, agent.Owner, agent.Registration.Tier, rules) is null;

    /// <summary>Somebody has looked at an agent and answers for it that it is what is registered: the next review is due on that day, or when its tier wants it. What was suspended because it was overdue is active again.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<AgentRecord>> ReviewAsync(string agentId, DateOnly? next, Registrar registrar, CancellationToken cancellationToken)
    {
        var (now, inForce) = (_time.GetUtcNow(), _rules.Current);
        var agent = await _agents.FindAsync(agentId, cancellationToken);
        var due = next ?? (agent is null ? null : inForce.NextReview(agent.Registration.Tier, now));
        var problem = agent is null ? new PkiProblem(PkiProblemKind.NotFound, "there is no agent of that name")
            : RegistrarRights.WhyNot(registrar.Caller, agent.Id, agent.Owner, agent.Registration.Tier, inForce)
            ?? (agent.State == AgentState.Retired ? new PkiProblem(PkiProblemKind.Conflict, "the agent is retired, which is for good") : null)
            ?? (due is { } day ? AgentPlanner.WhyNotReview(day, agent.Registration.Tier, inForce, now) : null)
            ?? (inForce.Of(agent.Registration.Tier).SecondPerson && !registrar.IsSeconded ? NeedsSecond : null);
        if (problem is not null)
        {
            return await RefuseAsync<AgentRecord>(problem, registrar, cancellationToken);
        }

        var entry = new LedgerEntry(LedgerEntryKind.AgentReviewed, now, registrar.Actor, AuditDetails.Of(
            (AuditDetails.Agent, agentId),
            (AuditDetails.Tier, agent!.Registration.Tier.Word()),
            (AuditDetails.From, Day(agent.Registration.ReviewBy)),
            (AuditDetails.To, Day(due)),
            (AuditDetails.State, agent.SuspendedBy == SuspensionRule.ReviewOverdue ? nameof(AgentState.Active) : null),
            (AuditDetails.Correlation, registrar.CorrelationId)));
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.ReviewAgent(agentId, due)]), cancellationToken) is CommitOutcome.Conflict conflict
            ? await RefuseAsync<AgentRecord>(new PkiProblem(PkiProblemKind.Conflict, conflict.Reason.TrimEnd('.')), registrar, cancellationToken)
            : new Outcome<AgentRecord>.Done(await _agents.FindAsync(agentId, cancellationToken) ?? agent);
    }

    /// <summary>Whether giving these agents away wants a second person: some of them are of a tier that does.</summary>
    public async ValueTask<bool> TransferWantsSecondAsync(string from, CancellationToken cancellationToken)
    {
        foreach (var tier in RiskTiers.All.Where(t => _rules.Current.Of(t).SecondPerson))
        {
            if (await _agents.CountAsync(new AgentQuery { Owners = [from], Tier = tier, WithoutRetired = true }, cancellationToken) > 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Gives all agents of an owner, or one with its descendants, to another; the number of them.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<long>> TransferAsync(string from, string to, string? agentId, Registrar registrar, CancellationToken cancellationToken)
    {
        var problem = from == to ? new PkiProblem(PkiProblemKind.MalformedRequest, "from and to are the same owner")
            : !registrar.IsSeconded && await TransferWantsSecondAsync(from, cancellationToken) ? NeedsSecond
            : null;
        if (problem is not null)
        {
            return await RefuseAsync<long>(problem, registrar, cancellationToken);
        }

        var entry = new LedgerEntry(LedgerEntryKind.AgentsTransferred, _time.GetUtcNow(), registrar.Actor, AuditDetails.Of(
            (AuditDetails.From, from), (AuditDetails.To, to), (AuditDetails.Agent, agentId), (AuditDetails.Correlation, registrar.CorrelationId)));
        var request = new CommitRequest(entry, [new StoreChange.TransferAgents(from, to, agentId)]) { Completing = WithAgents };
        return await _commits.CommitAsync(request, cancellationToken) switch
        {
            CommitOutcome.Committed done => new Outcome<long>.Done(done.Selected?.Agents ?? 0),
            CommitOutcome.Conflict conflict => await RefuseAsync<long>(new PkiProblem(PkiProblemKind.Conflict, conflict.Reason.TrimEnd('.')), registrar, cancellationToken),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    internal static LedgerEntry WithAgents(LedgerEntry entry, SelectedSet selected) =>
        entry with { Details = entry.Details.SetItem(AuditDetails.Agents, selected.Agents.ToString(CultureInfo.InvariantCulture)) };

    private static PkiProblem NeedsSecond => new(PkiProblemKind.Conflict, "the rules of the registry want a second person for this by now: ask again");

    /// <summary>Each agent that changes is named, so that what happened to one is found by its name.</summary>
    private static ImmutableSortedDictionary<string, string> Details(IReadOnlyList<PlannedAgent> changed, string yaml, Registrar registrar)
    {
        var details = AuditDetails.Of(
            (AuditDetails.Digest, ApprovedFiles.DigestOf(Encoding.UTF8.GetBytes(yaml))),
            (AuditDetails.Agents, changed.Count.ToString(CultureInfo.InvariantCulture)),
            (AuditDetails.Correlation, registrar.CorrelationId)).ToBuilder();
        for (var i = 0; i < changed.Count; i++)
        {
            var number = changed.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $".{i + 1:000}");
            var what = string.Join("; ", changed[i].Changes.Select(c => $"{c.Field}: {c.From ?? "-"} → {c.To ?? "-"}"));
            details[AuditDetails.Agent + number] = changed[i].After.Id;
            details[AuditDetails.Changed + number] = what.Length <= MostOfChange ? what : $"{what[..MostOfChange]}…";
        }

        return details.ToImmutable();
    }

    private const int MostOfChange = 400;

    private static string? Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private async ValueTask<Outcome<T>> RefuseAsync<T>(PkiProblem problem, Registrar registrar, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(registrar.Actor, problem, Protocol, registrar.CorrelationId), cancellationToken);
        return new Outcome<T>.Refused(problem);
    }
}
