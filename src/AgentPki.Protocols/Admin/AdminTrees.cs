using AgentPki.Agents;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>Trees of agents: shown, and limited from any of them down. Suspending and revoking from one down is <see cref="AdminRevocations"/>.</summary>
internal static class AdminTrees
{
    private const string DefaultFile = "limits.yaml";

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/agents/tree", "getAgentTree", AdminAccess.Readers.AndOwners(), "An agent and everything below it, or all families, as a page that is bounded: each agent before those below it.", AdminJson.Default.AgentTreeView, TreeAsync,
            new AdminParameter("id", "string", "From this SPIFFE ID down; without it: all agents that are nobody's children and have some."), new AdminParameter("generations", "integer", "How many below it; 0 to 64, 64 unless told otherwise."),
            new AdminParameter("limit", "integer", "At most so many agents; 1 to 10000, 100 unless told otherwise."), new AdminParameter("after", "string", "Only children of it (without 'id': families) that came after this one.")),
        AdminOperation.Of("/agents/limit", "limitAgents", AdminAccess.Of(AdminRole.Officer, AdminRole.RaAdministrator).AndOwners().ApprovedAboveLimit(AdminRole.Officer, AdminRole.RaAdministrator), "Takes something of its policy away from an agent and from everything below it.", AdminJson.Default.LimitAgentsCommand, AdminJson.Default.AgentsLimitedView, LimitAsync, WantsSecondAsync),
        AdminOperation.Of("/agents/lift", "liftAgentLimits", AdminAccess.Of(AdminRole.Officer, AdminRole.RaAdministrator).Approved(AdminRole.Officer, AdminRole.RaAdministrator), "Lets an agent that was limited be given more again; what it has stays as it is.", AdminJson.Default.LiftLimitsCommand, AdminJson.Default.AgentView, LiftAsync),
    ];

    private static async ValueTask<Outcome<AgentTreeView>> TreeAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (call.Limit() is not Outcome<int>.Done(var limit))
        {
            return new Outcome<AgentTreeView>.Refused(((Outcome<int>.Refused)call.Limit()).Problem);
        }

        if (call.Number("generations", AgentTrees.MostGenerations) is not Outcome<long>.Done(var generations and <= AgentTrees.MostGenerations))
        {
            return new Outcome<AgentTreeView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'generations' must be a number from 0 to {AgentTrees.MostGenerations}"));
        }

        var id = call.Query("id");
        if (id is not null && await AdminOwnership.WhyNotAgentAsync(call, id, cancellationToken) is { } foreign)
        {
            return await call.RefuseAsync<AgentTreeView>(foreign, cancellationToken);
        }

        var query = new AgentTreeQuery(id, call.Query("after"), (int)generations, limit) { Owners = AdminOwnership.Among(call, null) };
        return await call.Services.Authority.Trees.ReadAsync(query, cancellationToken) is { } page
            ? new Outcome<AgentTreeView>.Done(new AgentTreeView([.. page.Nodes.Select(View)], page.More))
            : AdminCall.NotFound<AgentTreeView>("there is no agent of that name");
    }

    private static async ValueTask<bool> WantsSecondAsync(AdminCall call, LimitAgentsCommand command, CancellationToken cancellationToken) =>
        !command.DryRun && AdminRegistry.FileOf(command.File, DefaultFile) is { } file
        && await call.Services.Authority.Limits.PlanAsync(command.Id, file, command.Yaml, call.Caller, cancellationToken) is Outcome<LimitPlan>.Done({ NeedsSecond: true });

    private static async ValueTask<Outcome<AgentsLimitedView>> LimitAsync(AdminCall call, LimitAgentsCommand command, CancellationToken cancellationToken)
    {
        if (await AdminOwnership.WhyNotAgentAsync(call, command.Id, cancellationToken) is { } foreign)
        {
            return await call.RefuseAsync<AgentsLimitedView>(foreign, cancellationToken);
        }

        if (AdminRegistry.FileOf(command.File, DefaultFile) is not { } file)
        {
            return await call.RefuseAsync<AgentsLimitedView>(AdminRegistry.NoFile, cancellationToken);
        }

        var limits = call.Services.Authority.Limits;
        return await (command.DryRun ? limits.PlanAsync(command.Id, file, command.Yaml, call.Caller, cancellationToken) : limits.LimitAsync(command.Id, file, command.Yaml, AdminRegistry.RegistrarOf(call), cancellationToken)) switch
        {
            Outcome<LimitPlan>.Done(var plan) => new Outcome<AgentsLimitedView>.Done(new AgentsLimitedView(command.DryRun, plan.NeedsSecond, plan.After.Id, [.. plan.Changes.Select(c => new FieldChangeView(c.Field, c.From, c.To))], plan.Below, plan.Certificates)),
            Outcome<LimitPlan>.Refused(var problem) => new Outcome<AgentsLimitedView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };
    }

    private static async ValueTask<Outcome<AgentView>> LiftAsync(AdminCall call, LiftLimitsCommand command, CancellationToken cancellationToken) =>
        await call.Services.Authority.Limits.LiftAsync(command.Id, AdminRegistry.RegistrarOf(call), cancellationToken) switch
        {
            Outcome<AgentRecord>.Done(var agent) => new Outcome<AgentView>.Done(AdminMapping.View(agent)),
            Outcome<AgentRecord>.Refused(var problem) => new Outcome<AgentView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static AgentNodeView View(AgentTreeNode node) => new(
        node.Generation,
        node.Agent.Id,
        node.Agent.Owner,
        node.Agent.State,
        node.Agent.SuspendedBy,
        node.IsBelowSuspended,
        node.Agent.Registration.Tier,
        node.Agent.Registration.Limits is not null,
        node.Policy?.DelegationDepth,
        node.Policy is { } policy ? [.. policy.Scopes.Scopes.Select(s => s.ToString())] : null,
        node.Policy?.NotAfter,
        (long?)node.Policy?.MaximumLifetime?.TotalSeconds,
        node.Problem,
        node.Certificates.Good,
        node.Certificates.Held,
        node.Certificates.Revoked,
        node.Children,
        node.More);
}
