using System.CommandLine;
using System.Globalization;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki agent list|show|set-parent|suspend|activate|retire</c>, what is registered of agents (<see cref="AgentRegistryVerbs"/>), and their trees (<see cref="AgentTreeVerbs"/>); <c>agents</c> is the same.</summary>
internal static class AgentCommand
{
    internal static Command Create(CommandContext context)
    {
        var limit = new Option<int>("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50 };
        var id = new Argument<string>("id") { Description = "Its SPIFFE ID." };
        var parent = new Option<string?>("--parent") { Description = "The SPIFFE ID of the agent that spawned it; without it: nobody." };
        var owner = new Option<string?>("--owner") { Description = "Only those of this owner." };
        var state = new Option<AgentState?>("--state") { Description = "active, suspended or retired." };
        var tier = new Option<RiskTier?>("--tier") { Description = "low, medium, high or critical." };
        var orphans = new Option<bool>("--orphans") { Description = "Only active ones whose owner has left." };
        var overdue = new Option<bool>("--overdue") { Description = "Only active ones whose review is overdue." };
        var after = new Option<string?>("--after") { Description = "Those that came before this SPIFFE ID." };
        var verb = new Verb("agent", "Shows, registers, reviews, suspends and re-activates the agents this appliance vouches for.", "agentpki agent list", "agentpki agent show spiffe://agents.localhost/agent/sample-agent", "agentpki agent apply -f agents.yaml")
            .With(AgentRegistryVerbs.Create(context))
            .With(AgentTreeVerbs.Create(context))
            .With(
                new Verb("list", "Lists agents with their owners and states, newest first.", "agentpki agent list --limit 500", "agentpki agent list --owner team-a --tier high", "agentpki agent list --orphans")
                    .With(limit, owner, state, tier, orphans, overdue, after)
                    .Asks(context, (admin, parsed, cancellationToken) => ListAsync(
                        context,
                        admin,
                        string.Create(CultureInfo.InvariantCulture, $"agents?limit={parsed.GetValue(limit)}")
                            + Query("owner", parsed.GetValue(owner)) + Query("state", parsed.GetValue(state)?.ToString().ToLowerInvariant()) + Query("tier", parsed.GetValue(tier)?.Word())
                            + Query("orphans", parsed.GetValue(orphans) ? "true" : null) + Query("overdue", parsed.GetValue(overdue) ? "true" : null) + Query("after", parsed.GetValue(after)),
                        cancellationToken)),
                new Verb("show", "Shows one agent and its certificates.", "agentpki agent show spiffe://agents.localhost/agent/sample-agent")
                    .With(id)
                    .Asks(context, (admin, parsed, cancellationToken) => ShowAsync(context, admin, parsed.GetRequiredValue(id), cancellationToken)),
                new Verb("set-parent", "Says which agent spawned an agent, where it was not enrolled with its parent's certificate: 'agentpki revoke --with-descendants' goes down this tree. The parent is active and of the same owner.", "agentpki agent set-parent spiffe://agents.localhost/agent/child --parent spiffe://agents.localhost/agent/sample-agent")
                    .With(id, parent)
                    .Asks(context, (admin, parsed, cancellationToken) => SetParentAsync(context, admin, parsed.GetRequiredValue(id), parsed.GetValue(parent), cancellationToken)),
                StateVerb(context, id, "suspend", "No certificates for this agent until it is activated again. Those it has stay good: 'agentpki revoke --agent' takes them away, with '--reason certificateHold --with-descendants' from it down and for a time.", AgentState.Suspended),
                StateVerb(context, id, "activate", "Lets a suspended agent enrol and renew again.", AgentState.Active),
                StateVerb(context, id, "retire", "No certificates for this agent ever again.", AgentState.Retired));
        verb.Aliases.Add("agents");
        return verb;
    }

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static Verb StateVerb(CommandContext context, Argument<string> id, string name, string description, AgentState state) =>
        new Verb(name, description, $"agentpki agent {name} spiffe://agents.localhost/agent/sample-agent")
            .With(id)
            .Asks(context, (admin, parsed, cancellationToken) => SetStateAsync(context, admin, parsed.GetRequiredValue(id), state, cancellationToken));

    private static async Task<int> SetStateAsync(CommandContext context, AdminConnection admin, string id, AgentState state, CancellationToken cancellationToken)
    {
        var agent = await admin.PostAsync("agents/state", new SetAgentStateCommand(id, state), AdminJson.Default.SetAgentStateCommand, AdminJson.Default.AgentView, cancellationToken);
        context.Terminal.Line($"{agent.Id} is {agent.State.ToString().ToLowerInvariant()}.");
        return ExitCodes.Success;
    }

    private static async Task<int> SetParentAsync(CommandContext context, AdminConnection admin, string id, string? parent, CancellationToken cancellationToken)
    {
        var agent = await admin.PostAsync("agents/parent", new SetAgentParentCommand(id, parent), AdminJson.Default.SetAgentParentCommand, AdminJson.Default.AgentView, cancellationToken);
        context.Terminal.Line(agent.Parent is null ? $"{agent.Id} has no parent." : $"{agent.Id} is a child of {agent.Parent}.");
        return ExitCodes.Success;
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, string query, CancellationToken cancellationToken)
    {
        var page = await admin.GetAsync(query, AdminJson.Default.AgentsView, cancellationToken);
        Output.Table(
            context.Terminal,
            ["ID", "OWNER", "PROFILE", "STATE", "REGISTERED", "TIER", "REVIEW"],
            [.. page.Agents.Select(a => new[] { a.Id, a.Owner, a.Profile, State(a), Output.Time(a.Registered), a.Tier.Word(), Day(a.ReviewBy) })],
            "No agents yet.");
        if (page.Next is { } next)
        {
            context.Terminal.Line($"More: --after {next}");
        }

        return ExitCodes.Success;
    }

    private static async Task<int> ShowAsync(CommandContext context, AdminConnection admin, string id, CancellationToken cancellationToken)
    {
        var found = (await admin.GetAsync($"agents?id={Uri.EscapeDataString(id)}", AdminJson.Default.AgentsView, cancellationToken)).Agents;
        if (found is not [var agent, ..])
        {
            throw new CommandException(ExitCodes.Refused, $"There is no agent {id}.", "'agentpki agent list' shows what there is.");
        }

        Output.Facts(
            context.Terminal,
            ("agent", agent.Id),
            ("owner", agent.Owner),
            ("profile", agent.Profile),
            ("state", State(agent)),
            ("parent", agent.Parent ?? "none"),
            ("registered", Output.Time(agent.Registered)),
            ("tier", agent.Tier.Word()),
            ("purpose", agent.Purpose ?? "not stated"),
            ("environment", agent.Environment ?? "not stated"),
            ("profiles", agent.Profiles.Count == 0 ? "whichever let it" : string.Join(", ", agent.Profiles)),
            ("children", agent.Children switch { null => "whichever profiles let it spawn", { Allow: [] } => "none", var rule => $"{string.Join(' ', rule.Allow)}{(rule.Maximum is { } most ? string.Create(CultureInfo.InvariantCulture, $" up to {most}") : "")}" }),
            ("model", Component(agent.Model)),
            ("runtime", Component(agent.Runtime)),
            ("review by", agent.ReviewBy is null ? "none is due" : Day(agent.ReviewBy)));
        var certificates = (await admin.GetAsync($"certificates?agent={Uri.EscapeDataString(id)}", AdminJson.Default.CertificatesView, cancellationToken)).Certificates;
        Output.Table(
            context.Terminal,
            ["SERIAL", "PROFILE", "STATE", "UNTIL"],
            [.. certificates.Select(c => new[] { c.Serial, c.Profile, c.State.ToString().ToLowerInvariant(), Output.Time(c.NotAfter) })],
            "No certificates.");
        return ExitCodes.Success;
    }

    private static string State(AgentView agent) => agent.SuspendedBy switch
    {
        SuspensionRule.OwnerLeft => "suspended: its owner left",
        SuspensionRule.ReviewOverdue => "suspended: its review is overdue",
        _ => agent.State.ToString().ToLowerInvariant(),
    };

    private static string Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "";

    private static string Component(ComponentView? component) =>
        component is null ? "not stated" : string.Join(' ', new[] { component.Provider is null ? component.Name : $"{component.Provider}/{component.Name}", component.Version, component.Digest }.OfType<string>());
}
