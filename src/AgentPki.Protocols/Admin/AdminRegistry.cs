using System.Text;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Registry;
using AgentPki.Authority.Store;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>What is registered of agents, and the rules of the registry. Which tiers somebody may register, and which want a second person, the rules say.</summary>
internal static class AdminRegistry
{
    private const string DefaultFile = "agents.yaml";
    private const int LongestFile = 255;
    private static readonly AdminAccess Registrars = AdminAccess.Of(AdminRole.Officer, AdminRole.RaAdministrator).AndOwners().ApprovedAboveLimit(AdminRole.Officer, AdminRole.RaAdministrator);

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/agents/export", "exportAgents", AdminAccess.Readers.AndOwners(), "Agents as YAML, as applyAgents takes them, in the order in which they came; without those that are retired, unless one is asked for.", AdminJson.Default.ExportedAgentsView, ExportAsync,
            new AdminParameter("limit", "integer", "At most so many; 1 to 500, 500 unless told otherwise."), new AdminParameter("id", "string", "Only this SPIFFE ID."), new AdminParameter("owner", "string", "Only those of this owner."), new AdminParameter("after", "string", "Those that came after this one.")),
        AdminOperation.Of("/agents/apply", "applyAgents", Registrars, "Registers agents and changes what is registered of them: all of a text or nothing, and what is so already is left alone.", AdminJson.Default.ApplyAgentsCommand, AdminJson.Default.AppliedAgentsView, ApplyAsync, ApplyWantsSecondAsync)
            with { BodyLimit = 1024 * 1024 },
        AdminOperation.Of("/agents/review", "reviewAgent", Registrars, "Says that an agent was reviewed; suspended because that was overdue, it is active again.", AdminJson.Default.ReviewAgentCommand, AdminJson.Default.AgentView, ReviewAsync,
            (call, command, token) => call.Services.Authority.Registry.ReviewWantsSecondAsync(command.Id, call.Caller, token)),
        AdminOperation.Of("/agents/transfer", "transferAgents", AdminAccess.Of(AdminRole.Officer, AdminRole.RaAdministrator).ApprovedAboveLimit(AdminRole.Officer, AdminRole.RaAdministrator), "Gives all agents of an owner, or one with its descendants, to another owner; suspended because the first had left, they are active again.", AdminJson.Default.TransferAgentsCommand, AdminJson.Default.AgentsTransferredView, TransferAsync,
            (call, command, token) => call.Services.Authority.Registry.TransferWantsSecondAsync(command.From, token)),
        AdminOperation.Of(HttpMethods.Get, "/registry/rules", "getRegistryRules", AdminAccess.Everyone, "The registry's rules in force, and how many agents are orphans or overdue for review.", AdminJson.Default.RegistryRulesView, RulesAsync),
        AdminOperation.Of("/registry/rules", "applyRegistryRules", AdminAccess.Officers.And(AdminRole.RaAdministrator).Approved(AdminRole.Officer), "Writes other rules for the registry, which serve at once.", AdminJson.Default.ApplyRegistryRulesCommand, AdminJson.Default.RegistryRulesView, ApplyRulesAsync)
            .Checking((_, command, _) => ValueTask.FromResult(RegistryRules.Kind.WhyNot(Encoding.UTF8.GetBytes(command.Yaml))), AdminJson.Default.ApplyRegistryRulesCommand),
    ];

    private static async ValueTask<Outcome<ExportedAgentsView>> ExportAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var agents = call.Services.Authority.Stores.Agents;
        if (call.Query("id") is { } id)
        {
            return await agents.FindAsync(id, cancellationToken) is { } agent && call.Covers(agent.Owner)
                ? new Outcome<ExportedAgentsView>.Done(new ExportedAgentsView(AgentDocumentWriter.Write([agent]), 1, null))
                : AdminCall.NotFound<ExportedAgentsView>("there is no agent of that name");
        }

        if (call.Number("limit", AgentDocumentReader.MostAgents) is not Outcome<long>.Done(var limit and >= 1 and <= AgentDocumentReader.MostAgents))
        {
            return new Outcome<ExportedAgentsView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'limit' must be a number from 1 to {AgentDocumentReader.MostAgents}"));
        }

        var query = new AgentQuery { Owners = AdminOwnership.Among(call, call.Query("owner")), After = call.Query("after"), OldestFirst = true, WithoutRetired = true };
        var found = await agents.ListAsync(query, (int)limit, cancellationToken);
        return new Outcome<ExportedAgentsView>.Done(new ExportedAgentsView(AgentDocumentWriter.Write(found), found.Count, found.Count == limit ? found[^1].Id : null));
    }

    private static async ValueTask<bool> ApplyWantsSecondAsync(AdminCall call, ApplyAgentsCommand command, CancellationToken cancellationToken) =>
        !command.DryRun && FileOf(command.File, DefaultFile) is { } file && await call.Services.Authority.Registry.PlanAsync(file, command.Yaml, call.Caller, cancellationToken) is Outcome<AgentPlan>.Done({ NeedsSecond: true });

    private static async ValueTask<Outcome<AppliedAgentsView>> ApplyAsync(AdminCall call, ApplyAgentsCommand command, CancellationToken cancellationToken)
    {
        if (FileOf(command.File, DefaultFile) is not { } file)
        {
            return await call.RefuseAsync<AppliedAgentsView>(NoFile, cancellationToken);
        }

        var registry = call.Services.Authority.Registry;
        return await (command.DryRun ? registry.PlanAsync(file, command.Yaml, call.Caller, cancellationToken) : registry.ApplyAsync(file, command.Yaml, RegistrarOf(call), cancellationToken)) switch
        {
            Outcome<AgentPlan>.Done(var plan) => new Outcome<AppliedAgentsView>.Done(new AppliedAgentsView(command.DryRun, plan.NeedsSecond, [.. plan.Agents.Select(a => new AppliedAgentView(a.After.Id, a.Action, [.. a.Changes.Select(c => new FieldChangeView(c.Field, c.From, c.To))]))])),
            Outcome<AgentPlan>.Refused(var problem) => new Outcome<AppliedAgentsView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };
    }

    private static async ValueTask<Outcome<AgentView>> ReviewAsync(AdminCall call, ReviewAgentCommand command, CancellationToken cancellationToken) =>
        await AdminOwnership.WhyNotAgentAsync(call, command.Id, cancellationToken) is { } foreign ? await call.RefuseAsync<AgentView>(foreign, cancellationToken) :
        await call.Services.Authority.Registry.ReviewAsync(command.Id, command.Next, RegistrarOf(call), cancellationToken) switch
        {
            Outcome<AgentRecord>.Done(var agent) => new Outcome<AgentView>.Done(AdminMapping.View(agent)),
            Outcome<AgentRecord>.Refused(var problem) => new Outcome<AgentView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<Outcome<AgentsTransferredView>> TransferAsync(AdminCall call, TransferAgentsCommand command, CancellationToken cancellationToken) =>
        await call.Services.Authority.Registry.TransferAsync(command.From, command.To, command.Agent, RegistrarOf(call), cancellationToken) switch
        {
            Outcome<long>.Done(var count) => new Outcome<AgentsTransferredView>.Done(new AgentsTransferredView(command.From, command.To, count)),
            Outcome<long>.Refused(var problem) => new Outcome<AgentsTransferredView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static ValueTask<Outcome<RegistryRulesView>> RulesAsync(AdminCall call, CancellationToken cancellationToken) => new(new Outcome<RegistryRulesView>.Done(View(call.Services.Authority.RegistryRules, call.Services.Authority.RegistryWatch)));

    private static async ValueTask<Outcome<RegistryRulesView>> ApplyRulesAsync(AdminCall call, ApplyRegistryRulesCommand command, CancellationToken cancellationToken) =>
        await call.Services.Authority.RegistryRules.ApplyAsync(Encoding.UTF8.GetBytes(command.Yaml), call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<RegistryRules>.Done => new Outcome<RegistryRulesView>.Done(View(call.Services.Authority.RegistryRules, call.Services.Authority.RegistryWatch)),
            Outcome<RegistryRules>.Refused(var problem) => new Outcome<RegistryRulesView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    internal static Registrar RegistrarOf(AdminCall call) => new(call.Caller, call.IsApproved || call.Caller.IsWaived, call.Actor, call.CorrelationId);

    /// <summary>As messages name the text; null: that is no name.</summary>
    internal static string? FileOf(string? name, string otherwise) => name is not { } file ? otherwise : file.Length is > 0 and <= LongestFile && !file.Any(char.IsControl) ? file : null;

    internal static PkiProblem NoFile => new(PkiProblemKind.MalformedRequest, $"'file' must be a file's name of at most {LongestFile} characters");

    private static RegistryRulesView View(RulesKeeper<RegistryRules> keeper, RegistryWatch watch)
    {
        var (rules, counts) = (keeper.Current, watch.Counts);
        return new RegistryRulesView(
            rules.RegisteredOnly,
            rules.KnownOwnersOnly,
            [.. RiskTiers.All.Select(t => new TierRuleView(t, [.. rules.Of(t).Registrars.Select(r => r.Word())], rules.Of(t).SecondPerson, (long?)rules.Of(t).ReviewEvery?.TotalSeconds, (long)rules.Of(t).LongestOffline.TotalSeconds))],
            (long?)rules.OrphanGrace?.TotalSeconds,
            (long?)rules.ReviewGrace?.TotalSeconds,
            rules.Digest,
            keeper.Problem,
            counts.Orphans,
            counts.Overdue);
    }
}
