using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Registry;

/// <summary>From a text to what it does, or why it cannot be: everything that can be known before the commit, which checks once more what may change meanwhile.</summary>
internal sealed class AgentPlanner(IAgentStore agents, ProfileCatalog profiles, RulesKeeper<RegistryRules> rules, AuthorityOptions options, TimeProvider time)
{
    private const int DeepestTree = 64;

    public async ValueTask<Outcome<AgentPlan>> PlanAsync(string file, string yaml, AdminCaller caller, CancellationToken cancellationToken)
    {
        var declared = AgentDocumentReader.Read(file, yaml, options.TrustDomain, out var errors);
        if (errors.Count > 0)
        {
            return Refuse(PkiProblemKind.MalformedRequest, string.Join("; ", errors.Take(20)));
        }

        var (now, inForce) = (time.GetUtcNow(), rules.Current);
        var planned = ImmutableArray.CreateBuilder<PlannedAgent>(declared.Length);
        foreach (var declaration in declared)
        {
            var before = await agents.FindAsync(declaration.Id.ToString(), cancellationToken);
            var after = declaration.Over(before, now);
            if (after.Registration.ReviewBy is null && (before is null || before.Registration.Tier != after.Registration.Tier))
            {
                after = after with { Registration = after.Registration with { ReviewBy = inForce.NextReview(after.Registration.Tier, now) } };
            }

            var plan = new PlannedAgent(before, after, AgentFields.Between(before, after));
            if ((plan.Action == AgentAction.Unchanged ? RegistrarRights.WhyNotOwned(caller, after.Owner) : await WhyNotAsync(plan, caller, inForce, now, cancellationToken)) is { } wrong)
            {
                return Refuse(wrong.Kind, $"{declaration.Source}: {wrong.Detail}");
            }

            planned.Add(plan);
        }

        return await WhyNotTreeAsync([.. planned.Zip(declared)], cancellationToken) is { } problem
            ? new Outcome<AgentPlan>.Refused(problem)
            : new Outcome<AgentPlan>.Done(new AgentPlan(planned.ToImmutable(), planned.Any(p => p.Action != AgentAction.Unchanged && WantsSecond(p, inForce))));
    }

    public static bool WantsSecond(PlannedAgent plan, RegistryRules rules) =>
        rules.Of(plan.After.Registration.Tier).SecondPerson || (plan.Before is { } before && rules.Of(before.Registration.Tier).SecondPerson);

    private async ValueTask<PkiProblem?> WhyNotAsync(PlannedAgent plan, AdminCaller caller, RegistryRules inForce, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (before, after) = (plan.Before, plan.After);
        if (RegistrarRights.WhyNot(caller, before, after, inForce) is { } notHis)
        {
            return notHis;
        }

        if (before is { State: AgentState.Retired })
        {
            return new PkiProblem(PkiProblemKind.Conflict, $"agent: {after.Id} is retired, which is for good");
        }

        if (after.Registration is { Purpose: null, Tier: not RiskTier.Low })
        {
            return Violation($"purpose: is missing; an agent of tier {after.Registration.Tier.Word()} says what it is for");
        }

        if (after.Registration.Profiles.FirstOrDefault(p => profiles.Find(p) is not { Use: ProfileUse.Agent }) is { } unknown)
        {
            return Violation($"profiles: '{unknown}' is no profile for agents; those are {string.Join(", ", profiles.All.Where(p => p.Use == ProfileUse.Agent).Select(p => p.Name))}");
        }

        if (plan.Changes.Any(c => c.Field == "policy") && before?.Registration.ReadPolicy() is { Parent: { } granted })
        {
            return Violation($"policy: what {after.Id} may do is what {granted.Agent} granted it; leave the policy out, and narrow it there");
        }

        if (before is not null && after.Parent != before.Parent && await FamilyTies.WhyNotLeaveAsync(before, agents, cancellationToken) is { } tied)
        {
            return tied;
        }

        if (before is not null && plan.Changes.Any(c => c.Field == "policy") && await WhyNotPolicyAsync(before, after, cancellationToken) is { } notThis)
        {
            return notThis;
        }

        if (after.Owner != before?.Owner && await WhyNotOwnerAsync(after.Owner, inForce, cancellationToken) is { } noOwner)
        {
            return noOwner;
        }

        return after.Registration.ReviewBy is { } review && review != before?.Registration.ReviewBy ? WhyNotReview(review, after.Registration.Tier, inForce, now) : null;
    }

    // What operators limited it to stays until they say otherwise; what its children have of a budget they have from it.
    private async ValueTask<PkiProblem?> WhyNotPolicyAsync(AgentRecord before, AgentRecord after, CancellationToken cancellationToken)
    {
        var policy = after.Registration.ReadPolicy();
        if (before.Registration.ReadLimits() is { } limits && (policy is null ? "none is more than that" : policy.WhyNotWithin(limits)) is { } wider)
        {
            return Violation($"policy: {after.Id} was limited, and {wider}; 'agentpki agents lift' takes the limit away");
        }

        return policy is { Budget.Amounts.IsEmpty: false } && FamilyBudget.WhyNot(policy.Budget, await agents.ListAsync(new AgentQuery { Parent = after.Id, WithoutRetired = true }, int.MaxValue, cancellationToken)) is { } spent ? Violation($"policy: {spent}") : null;
    }

    /// <summary>Why nobody can have agents from now on by that name.</summary>
    public async ValueTask<PkiProblem?> WhyNotOwnerAsync(string owner, RegistryRules inForce, CancellationToken cancellationToken) => await agents.FindOwnerAsync(owner, cancellationToken) switch
    {
        { State: OwnerState.Left, Left: { } since } => new PkiProblem(PkiProblemKind.Conflict, $"owner: {owner} left at {since:u}; name another, or 'agentpki owner return' brings him back"),
        null when inForce.KnownOwnersOnly => Violation($"owner: {owner} is not known; 'agentpki owner add' adds him"),
        null when RegistryText.WhyNot(owner, OwnerLength) is { } unseen => Violation($"owner: {unseen}"),
        _ => null,
    };

    /// <summary>A review is due after today, and no later than its tier wants.</summary>
    public static PkiProblem? WhyNotReview(DateOnly review, RiskTier tier, RegistryRules inForce, DateTimeOffset now) =>
        review < DateOnly.FromDateTime(now.UtcDateTime) ? Violation($"review: {review:yyyy-MM-dd} is over")
        : inForce.NextReview(tier, now) is { } latest && review > latest ? Violation($"review: {review:yyyy-MM-dd} is later than tier {tier.Word()} allows, which is {latest:yyyy-MM-dd}")
        : null;

    private const int OwnerLength = 128;

    /// <summary>Families have one owner, and nobody is his own ancestor: as it all would be afterwards.</summary>
    private async ValueTask<PkiProblem?> WhyNotTreeAsync(IReadOnlyList<(PlannedAgent Plan, AgentDeclaration Declared)> planned, CancellationToken cancellationToken)
    {
        var after = planned.ToDictionary(p => p.Plan.After.Id, p => p.Plan.After, StringComparer.Ordinal);
        async ValueTask<AgentRecord?> FindAsync(string id) => after.TryGetValue(id, out var changed) ? changed : await agents.FindAsync(id, cancellationToken);
        foreach (var (plan, declared) in planned.Where(p => p.Plan.Changes.Any(c => c.Field is "parent" or "owner" or "children")))
        {
            var agent = plan.After;
            if (agent.Parent is { } above)
            {
                if (await FindAsync(above) is not { } parent)
                {
                    return Tree(declared, $"there is no agent {above}; it may stand in the same file");
                }

                if (parent.Owner != agent.Owner)
                {
                    return Tree(declared, $"{above} belongs to {parent.Owner}, and a family has one owner");
                }

                if (plan.Before?.Parent != above && parent.Registration.Children is { } rule && !rule.Allows(SpiffeId.Parse(agent.Id).Path))
                {
                    return Tree(declared, $"{above} may not have it for a child: its children are {rule}");
                }

                var (up, depth) = (parent.Parent, 0);
                for (; up is not null && up != agent.Id && depth < DeepestTree; depth++)
                {
                    up = (await FindAsync(up))?.Parent;
                }

                if (above == agent.Id || up == agent.Id || depth == DeepestTree)
                {
                    return Tree(declared, $"{agent.Id} would be its own ancestor, or more than {DeepestTree} deep");
                }
            }

            if (plan.Before is { } before && before.Owner != agent.Owner)
            {
                foreach (var child in await agents.ListAsync(new AgentQuery { Parent = agent.Id }, AgentDocumentReader.MostAgents, cancellationToken))
                {
                    if (await FindAsync(child.Id) is { } one && one.Parent == agent.Id && one.Owner != agent.Owner)
                    {
                        return Tree(declared, $"its child {child.Id} would stay with {child.Owner}: 'agentpki agent transfer' gives a family to another owner");
                    }
                }
            }
        }

        return null;
    }

    private static PkiProblem Tree(AgentDeclaration declared, string what) => Violation($"{declared.Source}: parent: {what}");

    private static PkiProblem Violation(string detail) => new(PkiProblemKind.PolicyViolation, detail);

    private static Outcome<AgentPlan> Refuse(PkiProblemKind kind, string detail) => new Outcome<AgentPlan>.Refused(new PkiProblem(kind, detail));
}
