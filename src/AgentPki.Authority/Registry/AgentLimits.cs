using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Delegation;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Registry;

/// <summary>What limiting an agent does.</summary>
/// <param name="Changes">What of its policy; empty: nothing that it has now.</param>
/// <param name="Below">How many agents below it are limited with it.</param>
/// <param name="Certificates">Good certificates of it and of those below, which say what they said until they end.</param>
public sealed record LimitPlan(AgentRecord Before, AgentRecord After, ImmutableArray<FieldChange> Changes, long Below, long Certificates, bool NeedsSecond);

/// <summary>
/// Narrows what an agent may do, and by that everything below it, in one commit: each agent is bound by what is registered of those above it (<see cref="AgentLine"/>). A limit only takes away,
/// and holds for whatever the agent's parent grants it later, until it is lifted.
/// </summary>
public sealed class AgentLimits
{
    private const string Protocol = "admin";
    private const int MostOfChange = 400;
    private readonly IAgentStore _agents;
    private readonly IRevocationStore _revocations;
    private readonly RulesKeeper<RegistryRules> _rules;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;

    internal AgentLimits(IAgentStore agents, IRevocationStore revocations, RulesKeeper<RegistryRules> rules, CommitWriter commits, AuditTrail audit, TimeProvider time) =>
        (_agents, _revocations, _rules, _commits, _audit, _time) = (agents, revocations, rules, commits, audit, time);

    /// <summary>What a limit would do for this caller; nothing is done.</summary>
    /// <param name="file">As messages name it.</param>
    /// <param name="yaml">Members of a policy; what is left out limits nothing.</param>
    public async ValueTask<Outcome<LimitPlan>> PlanAsync(string agentId, string file, string yaml, AdminCaller caller, CancellationToken cancellationToken)
    {
        if (!LimitDocument.TryRead(file, yaml, out var limit, out var errors))
        {
            return Refuse(PkiProblemKind.MalformedRequest, string.Join("; ", errors.Take(20)));
        }

        var agent = await _agents.FindAsync(agentId, cancellationToken);
        var (problem, needsSecond) = await WhyNotAsync(agent, caller, cancellationToken);
        if (problem is not null || agent is null)
        {
            return new Outcome<LimitPlan>.Refused(problem ?? Unknown);
        }

        if (agent.Registration.ReadPolicy() is not { } policy)
        {
            return Refuse(PkiProblemKind.PolicyViolation, $"no policy is registered of {agentId}, so that there is nothing to take away from: 'agentpki agents apply' gives it one");
        }

        AgentPolicy narrowed, limits;
        try
        {
            narrowed = limit.Over(policy);
            limits = agent.Registration.ReadLimits() is { } before ? before.Intersect(limit.AsBound()) : limit.AsBound();
        }
        catch (FormatException formless)
        {
            return Refuse(PkiProblemKind.PolicyViolation, $"{agentId} cannot be limited to that: {formless.Message}");
        }

        if (narrowed.WhyNotWithin(policy) is { } wider)
        {
            return Refuse(PkiProblemKind.PolicyViolation, $"a limit only takes away: {wider}");
        }

        var children = await _agents.ListAsync(new AgentQuery { Parent = agentId, WithoutRetired = true }, int.MaxValue, cancellationToken);
        if (FamilyBudget.WhyNotLimited(narrowed.Budget, policy.Budget, children) is { } spent)
        {
            return Refuse(PkiProblemKind.PolicyViolation, spent);
        }

        var after = agent with { Registration = agent.Registration with { Policy = narrowed.Encode(), Limits = limits.Encode() } };
        return new Outcome<LimitPlan>.Done(new LimitPlan(
            agent,
            after,
            PolicyChanges.Between(policy, narrowed),
            await _agents.CountAsync(Below(agentId), cancellationToken),
            await _revocations.CountAsync(new RevocationSelector { Agent = agentId, WithDescendants = true }, RevocationReason.CertificateHold, _time.GetUtcNow(), long.MaxValue, cancellationToken),
            needsSecond));
    }

    /// <summary>Limits an agent and everything below it.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<LimitPlan>> LimitAsync(string agentId, string file, string yaml, Registrar registrar, CancellationToken cancellationToken)
    {
        var outcome = await PlanAsync(agentId, file, yaml, registrar.Caller, cancellationToken);
        if (outcome is not Outcome<LimitPlan>.Done(var plan))
        {
            return await RefuseAsync<LimitPlan>(((Outcome<LimitPlan>.Refused)outcome).Problem, registrar, cancellationToken);
        }

        if (plan.NeedsSecond && !registrar.IsSeconded)
        {
            return await RefuseAsync<LimitPlan>(new PkiProblem(PkiProblemKind.Conflict, "the rules of the registry want a second person for this by now: ask again"), registrar, cancellationToken);
        }

        if (plan.After.Registration.Equals(plan.Before.Registration))
        {
            return outcome;
        }

        var below = await _agents.ListAsync(Below(agentId) with { OldestFirst = true }, AgentDocumentReader.MostAgents - 1, cancellationToken);
        var entry = new LedgerEntry(LedgerEntryKind.AgentsLimited, _time.GetUtcNow(), registrar.Actor, Details(plan, yaml, below, registrar));
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.PutAgents([new AgentPut(plan.After, plan.Before.Registration.Revision)])]), cancellationToken) is CommitOutcome.Conflict conflict
            ? await RefuseAsync<LimitPlan>(new PkiProblem(PkiProblemKind.Conflict, conflict.Reason.TrimEnd('.')), registrar, cancellationToken)
            : outcome;
    }

    /// <summary>Takes the limits of an agent away: what it has stays as narrow as it is, until it is granted or given more.</summary>
    /// <exception cref="StoreUnavailableException">Nothing was changed.</exception>
    public async ValueTask<Outcome<AgentRecord>> LiftAsync(string agentId, Registrar registrar, CancellationToken cancellationToken)
    {
        var agent = await _agents.FindAsync(agentId, cancellationToken);
        var (problem, _) = await WhyNotAsync(agent, registrar.Caller, cancellationToken);
        problem ??= agent?.Registration.Limits is null ? new PkiProblem(PkiProblemKind.Conflict, $"{agentId} was not limited") : null;
        problem ??= registrar.IsSeconded ? null : new PkiProblem(PkiProblemKind.Conflict, "a second person is wanted for this");
        if (problem is not null || agent is null)
        {
            return await RefuseAsync<AgentRecord>(problem ?? Unknown, registrar, cancellationToken);
        }

        var lifted = agent with { Registration = agent.Registration with { Limits = null } };
        var entry = new LedgerEntry(LedgerEntryKind.AgentLimitsLifted, _time.GetUtcNow(), registrar.Actor, AuditDetails.Of((AuditDetails.Agent, agentId), (AuditDetails.Correlation, registrar.CorrelationId)));
        return await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.PutAgents([new AgentPut(lifted, agent.Registration.Revision)])]), cancellationToken) is CommitOutcome.Conflict conflict
            ? await RefuseAsync<AgentRecord>(new PkiProblem(PkiProblemKind.Conflict, conflict.Reason.TrimEnd('.')), registrar, cancellationToken)
            : new Outcome<AgentRecord>.Done(await _agents.FindAsync(agentId, cancellationToken) ?? lifted);
    }

    private static PkiProblem Unknown => new(PkiProblemKind.NotFound, "there is no agent of that name");

    private static AgentQuery Below(string agentId) => new() { Beneath = agentId, WithoutRetired = true };

    /// <summary>Why the caller may not, and whether he wants a second person: by the tiers of everybody whom it concerns.</summary>
    private async ValueTask<(PkiProblem? Problem, bool NeedsSecond)> WhyNotAsync(AgentRecord? agent, AdminCaller caller, CancellationToken cancellationToken)
    {
        var (rules, needsSecond) = (_rules.Current, false);
        if (agent is null)
        {
            return (Unknown, false);
        }

        foreach (var tier in RiskTiers.All)
        {
            if (tier != agent.Registration.Tier && await _agents.CountAsync(Below(agent.Id) with { Tier = tier }, cancellationToken) == 0)
            {
                continue;
            }

            needsSecond |= rules.Of(tier).SecondPerson;
            if (RegistrarRights.WhyNot(caller, agent.Id, agent.Owner, tier, rules) is { } notHis)
            {
                return (notHis, needsSecond);
            }
        }

        return (agent.State == AgentState.Retired ? new PkiProblem(PkiProblemKind.Conflict, "the agent is retired, which is for good") : null, needsSecond);
    }

    /// <summary>The agent and those below it by name, so that what happened to one is found by its name; of very many the first, and how many they are.</summary>
    private static ImmutableSortedDictionary<string, string> Details(LimitPlan plan, string yaml, IReadOnlyList<AgentRecord> below, Registrar registrar)
    {
        var what = string.Join("; ", plan.Changes.Select(c => $"{c.Field}: {c.From ?? "-"} → {c.To ?? "-"}"));
        var details = AuditDetails.Of(
            (AuditDetails.Digest, ApprovedFiles.DigestOf(Encoding.UTF8.GetBytes(yaml))),
            (AuditDetails.Agents, (plan.Below + 1).ToString(CultureInfo.InvariantCulture)),
            (AuditDetails.Changed, what.Length <= MostOfChange ? what : $"{what[..MostOfChange]}…"),
            (AuditDetails.Correlation, registrar.CorrelationId)).ToBuilder();
        var affected = below.Select(a => a.Id).Prepend(plan.After.Id).ToList();
        for (var i = 0; i < affected.Count; i++)
        {
            details[AuditDetails.Agent + (affected.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $".{i + 1:000}"))] = affected[i];
        }

        return details.ToImmutable();
    }

    private static Outcome<LimitPlan> Refuse(PkiProblemKind kind, string detail) => new Outcome<LimitPlan>.Refused(new PkiProblem(kind, detail));

    private async ValueTask<Outcome<T>> RefuseAsync<T>(PkiProblem problem, Registrar registrar, CancellationToken cancellationToken)
    {
        await _audit.RefuseAsync(new Refusal(registrar.Actor, problem, Protocol, registrar.CorrelationId), cancellationToken);
        return new Outcome<T>.Refused(problem);
    }
}
