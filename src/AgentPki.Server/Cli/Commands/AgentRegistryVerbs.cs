using System.CommandLine;
using System.Globalization;
using AgentPki.Authority.Registry;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki agent apply|diff|export|get|review|transfer</c>: what is registered of agents, as YAML.</summary>
internal static class AgentRegistryVerbs
{
    private const string StandardInput = "-";

    internal static Symbol[] Create(CommandContext context)
    {
        var files = new Option<string[]>("--file", "-f") { Description = "A file with agents, one YAML document each; '-' reads standard input. Several files are applied one after the other, each whole or not at all.", Required = true };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what it would do, and do nothing." };
        var owner = new Option<string?>("--owner") { Description = "Only those of this owner." };
        var id = new Argument<string>("id") { Description = "Its SPIFFE ID." };
        var ids = new Argument<string[]>("id") { Description = "SPIFFE IDs.", Arity = ArgumentArity.OneOrMore };
        var next = new Option<string?>("--next") { Description = "By when the next review is due, for example 2027-05-01; without it: when the rules want it." };
        return
        [
            new Verb("apply", "Registers agents and changes what is registered of them. What is so already is left alone. Agents of tiers that want a second person wait for one.", "agentpki agent apply -f agents.yaml --dry-run", "agentpki agent apply -f agents.yaml --as alice.pem")
                .With(files, dryRun)
                .Asks(context, (admin, parsed, token) => ApplyAsync(context, admin, parsed.GetRequiredValue(files), parsed.GetValue(dryRun), token)),
            new Verb("diff", "Shows what applying would change, field by field. Exit code 1 when there is something.", "agentpki agent diff -f agents.yaml")
                .With(files)
                .Asks(context, (admin, parsed, token) => DiffAsync(context, admin, parsed.GetRequiredValue(files), token)),
            new Verb("export", "Writes what is registered as YAML that 'apply' takes, without agents that are retired.", "agentpki agent export > agents.yaml", "agentpki agent export --owner team-a")
                .With(owner)
                .Asks(context, (admin, parsed, token) => ExportAsync(context, admin, parsed.GetValue(owner), token)),
            new Verb("get", "Writes what is registered of one agent as YAML.", "agentpki agent get spiffe://agents.localhost/agent/sample-agent")
                .With(id)
                .Asks(context, async (admin, parsed, token) =>
                {
                    Print(context, await admin.GetAsync($"agents/export?id={Uri.EscapeDataString(parsed.GetRequiredValue(id))}", AdminJson.Default.ExportedAgentsView, token));
                    return ExitCodes.Success;
                }),
            new Verb("review", "Says that agents were reviewed. Those that were suspended because that was overdue are active again.", "agentpki agent review spiffe://agents.localhost/agent/sample-agent --next 2027-05-01")
                .With(ids, next)
                .Asks(context, (admin, parsed, token) => ReviewAsync(context, admin, parsed.GetRequiredValue(ids), parsed.GetValue(next), token)),
            new Verb("transfer", "Gives an agent, with its descendants, to another owner.", "agentpki agent transfer spiffe://agents.localhost/agent/sample-agent --to team-b")
                .With(id, To())
                .Asks(context, (admin, parsed, token) => TransferAsync(context, admin, parsed.GetRequiredValue(id), parsed.GetRequiredValue<string>("--to"), token)),
        ];
    }

    internal static Option<string> To() => new("--to") { Description = "The owner who answers for them from now on.", Required = true };

    internal static string Count(long agents) => string.Create(CultureInfo.InvariantCulture, $"{agents} {(agents == 1 ? "agent" : "agents")}");

    private static async Task<int> ApplyAsync(CommandContext context, AdminConnection admin, string[] files, bool dryRun, CancellationToken cancellationToken)
    {
        foreach (var file in files)
        {
            var applied = await SendAsync(context, admin, file, dryRun, cancellationToken);
            foreach (var agent in applied.Agents)
            {
                context.Terminal.Line($"{agent.Id} {Word(agent.Action)}{(dryRun ? " (dry run)" : "")}");
            }

            if (dryRun && applied.SecondPerson)
            {
                context.Terminal.Line("A second person is wanted for it.");
            }
        }

        return ExitCodes.Success;
    }

    private static async Task<int> DiffAsync(CommandContext context, AdminConnection admin, string[] files, CancellationToken cancellationToken)
    {
        var isDifferent = false;
        foreach (var file in files)
        {
            foreach (var agent in (await SendAsync(context, admin, file, dryRun: true, cancellationToken)).Agents.Where(a => a.Action != AgentAction.Unchanged))
            {
                isDifferent = true;
                context.Terminal.Line($"{agent.Id} {(agent.Action == AgentAction.Created ? "would be created" : "would be configured")}");
                foreach (var change in agent.Changes)
                {
                    context.Terminal.Line($"  {change.Field}: {change.From ?? "-"} → {change.To ?? "-"}");
                }
            }
        }

        return isDifferent ? ExitCodes.CheckFailed : ExitCodes.Success;
    }

    private static async Task<AppliedAgentsView> SendAsync(CommandContext context, AdminConnection admin, string file, bool dryRun, CancellationToken cancellationToken)
    {
        var (name, yaml) = file == StandardInput ? ("stdin", await Console.In.ReadToEndAsync(cancellationToken)) : (Path.GetFileName(file), AdminCommand.ReadText(context, file));
        return await admin.PostAsync("agents/apply", new ApplyAgentsCommand(yaml, name, dryRun), AdminJson.Default.ApplyAgentsCommand, AdminJson.Default.AppliedAgentsView, cancellationToken);
    }

    private static async Task<int> ExportAsync(CommandContext context, AdminConnection admin, string? owner, CancellationToken cancellationToken)
    {
        var query = owner is null ? "agents/export?" : $"agents/export?owner={Uri.EscapeDataString(owner)}&";
        for (string? after = ""; after is not null;)
        {
            var page = await admin.GetAsync($"{query}after={Uri.EscapeDataString(after)}", AdminJson.Default.ExportedAgentsView, cancellationToken);
            Print(context, page);
            after = page.Next;
        }

        return ExitCodes.Success;
    }

    private static void Print(CommandContext context, ExportedAgentsView page)
    {
        if (page.Count > 0)
        {
            context.Terminal.Raw(page.Yaml.TrimEnd('\n'));
        }
    }

    private static async Task<int> ReviewAsync(CommandContext context, AdminConnection admin, string[] ids, string? next, CancellationToken cancellationToken)
    {
        DateOnly? by = next is null ? null : DateOnly.TryParseExact(next, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : throw new CommandException(ExitCodes.Usage, $"'{next}' is no day.", "For example: --next 2027-05-01.");
        foreach (var id in ids)
        {
            var agent = await admin.PostAsync("agents/review", new ReviewAgentCommand(id, by), AdminJson.Default.ReviewAgentCommand, AdminJson.Default.AgentView, cancellationToken);
            context.Terminal.Line($"{agent.Id} was reviewed{(agent.ReviewBy is { } due ? string.Create(CultureInfo.InvariantCulture, $", and is to be again by {due:yyyy-MM-dd}") : "")}; it is {agent.State.ToString().ToLowerInvariant()}.");
        }

        return ExitCodes.Success;
    }

    private static async Task<int> TransferAsync(CommandContext context, AdminConnection admin, string id, string to, CancellationToken cancellationToken)
    {
        var found = (await admin.GetAsync($"agents?id={Uri.EscapeDataString(id)}", AdminJson.Default.AgentsView, cancellationToken)).Agents;
        if (found is not [var agent])
        {
            throw new CommandException(ExitCodes.Refused, $"There is no agent {id}.", "'agentpki agents list' shows what there is.");
        }

        var moved = await admin.PostAsync("agents/transfer", new TransferAgentsCommand(agent.Owner, to, id), AdminJson.Default.TransferAgentsCommand, AdminJson.Default.AgentsTransferredView, cancellationToken);
        context.Terminal.Line($"{Count(moved.Agents)} of {moved.From} {(moved.Agents == 1 ? "belongs" : "belong")} to {moved.To} now.");
        return ExitCodes.Success;
    }

    private static string Word(AgentAction action) => action switch
    {
        AgentAction.Created => "created",
        AgentAction.Configured => "configured",
        AgentAction.Unchanged => "unchanged",
    };
}
