using System.CommandLine;
using System.Globalization;
using AgentPki.Agents;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki agent list|show|set-parent|suspend|activate|retire</c></summary>
internal static class AgentCommand
{
    internal static Command Create(CommandContext context)
    {
        var limit = new Option<int>("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50 };
        var id = new Argument<string>("id") { Description = "Its SPIFFE ID." };
        var parent = new Option<string?>("--parent") { Description = "The SPIFFE ID of the agent that spawned it; without it: nobody." };
        return new Verb("agent", "Shows the agents this appliance vouches for, suspends and re-activates them.", "agentpki agent list", "agentpki agent show spiffe://agents.localhost/agent/sample-agent")
            .With(
                new Verb("list", "Lists agents with their owners and states.", "agentpki agent list --limit 500")
                    .With(limit)
                    .Asks(context, (admin, parsed, cancellationToken) => ListAsync(context, admin, string.Create(CultureInfo.InvariantCulture, $"agents?limit={parsed.GetValue(limit)}"), cancellationToken)),
                new Verb("show", "Shows one agent and its certificates.", "agentpki agent show spiffe://agents.localhost/agent/sample-agent")
                    .With(id)
                    .Asks(context, (admin, parsed, cancellationToken) => ShowAsync(context, admin, parsed.GetRequiredValue(id), cancellationToken)),
                new Verb("set-parent", "Says which agent spawned an agent, where it was not enrolled with its parent's certificate: 'agentpki revoke --with-descendants' goes down this tree. The parent is active and of the same owner.", "agentpki agent set-parent spiffe://agents.localhost/agent/child --parent spiffe://agents.localhost/agent/sample-agent")
                    .With(id, parent)
                    .Asks(context, (admin, parsed, cancellationToken) => SetParentAsync(context, admin, parsed.GetRequiredValue(id), parsed.GetValue(parent), cancellationToken)),
                StateVerb(context, id, "suspend", "No certificates for this agent until it is activated again. Those it has stay good: 'agentpki revoke --agent' takes them away.", AgentState.Suspended),
                StateVerb(context, id, "activate", "Lets a suspended agent enrol and renew again.", AgentState.Active),
                StateVerb(context, id, "retire", "No certificates for this agent ever again.", AgentState.Retired));
    }

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
        var agents = (await admin.GetAsync(query, AdminJson.Default.AgentsView, cancellationToken)).Agents;
        Output.Table(
            context.Terminal,
            ["ID", "OWNER", "PROFILE", "STATE", "REGISTERED"],
            [.. agents.Select(a => new[] { a.Id, a.Owner, a.Profile, a.State.ToString().ToLowerInvariant(), Output.Time(a.Registered) })],
            "No agents yet.");
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
            ("state", agent.State.ToString().ToLowerInvariant()),
            ("parent", agent.Parent ?? "none"),
            ("registered", Output.Time(agent.Registered)));
        var certificates = (await admin.GetAsync($"certificates?agent={Uri.EscapeDataString(id)}", AdminJson.Default.CertificatesView, cancellationToken)).Certificates;
        Output.Table(
            context.Terminal,
            ["SERIAL", "PROFILE", "STATE", "UNTIL"],
            [.. certificates.Select(c => new[] { c.Serial, c.Profile, c.State.ToString().ToLowerInvariant(), Output.Time(c.NotAfter) })],
            "No certificates.");
        return ExitCodes.Success;
    }
}
