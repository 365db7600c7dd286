using System.CommandLine;
using System.Globalization;
using AgentPki.Agents.Registry;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using OwnerNameCommand = AgentPki.Protocols.Admin.OwnerCommand;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki owner list|add|leave|return|transfer</c></summary>
internal static class OwnerCommand
{
    internal static Command Create(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "As agents and credentials name him." };
        var limit = new Option<int>("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 100 };
        var left = new Option<bool>("--left") { Description = "Only those who have left." };
        var after = new Option<string?>("--after") { Description = "Those whose name comes after this one." };
        var kind = new Option<OwnerKind>("--kind") { Description = "person or team." };
        var contact = new Option<string?>("--contact") { Description = "How he is reached." };
        var to = AgentRegistryVerbs.To();
        var verb = new Verb("owner", "Shows who answers for agents, has owners leave and return, and gives their agents to others.", "agentpki owner list", "agentpki owner leave bert")
            .With(
                new Verb("list", "Lists owners with the number of their agents.", "agentpki owner list --left")
                    .With(limit, left, after)
                    .Asks(context, (admin, parsed, token) => ListAsync(context, admin, parsed.GetValue(limit), parsed.GetValue(left), parsed.GetValue(after), token)),
                new Verb("add", "Adds an owner, or says of one what he is.", "agentpki owner add team-a --kind team --contact team-a@example.org")
                    .With(name, kind, contact)
                    .Asks(context, async (admin, parsed, token) =>
                    {
                        var owner = await admin.PostAsync("owners", new PutOwnerCommand(parsed.GetRequiredValue(name), parsed.GetValue(kind), parsed.GetValue(contact)), AdminJson.Default.PutOwnerCommand, AdminJson.Default.OwnerChangedView, token);
                        context.Terminal.Line($"{owner.Name} is known as an owner.");
                        return ExitCodes.Success;
                    }),
                new Verb("leave", "He answers for nothing any more: he gets no new agents, and those he has are suspended when the rules' grace is over.", "agentpki owner leave bert")
                    .With(name)
                    .Asks(context, async (admin, parsed, token) =>
                    {
                        var owner = await MoveAsync(admin, "owners/leave", parsed.GetRequiredValue(name), token);
                        context.Terminal.Line($"{owner.Name} left at {Output.Time(owner.Left ?? default)}. 'agentpki owner transfer' gives his agents to another.");
                        return ExitCodes.Success;
                    }),
                new Verb("return", "He is back: agents that were suspended because he had left are active again.", "agentpki owner return bert")
                    .With(name)
                    .Asks(context, async (admin, parsed, token) =>
                    {
                        var owner = await MoveAsync(admin, "owners/return", parsed.GetRequiredValue(name), token);
                        context.Terminal.Line($"{owner.Name} is back; {AgentRegistryVerbs.Count(owner.Agents)} active again.");
                        return ExitCodes.Success;
                    }),
                new Verb("transfer", "Gives all his agents to another owner.", "agentpki owner transfer bert --to team-a")
                    .With(name, to)
                    .Asks(context, async (admin, parsed, token) =>
                    {
                        var moved = await admin.PostAsync("agents/transfer", new TransferAgentsCommand(parsed.GetRequiredValue(name), parsed.GetRequiredValue(to)), AdminJson.Default.TransferAgentsCommand, AdminJson.Default.AgentsTransferredView, token);
                        context.Terminal.Line($"{AgentRegistryVerbs.Count(moved.Agents)} of {moved.From} {(moved.Agents == 1 ? "belongs" : "belong")} to {moved.To} now.");
                        return ExitCodes.Success;
                    }));
        verb.Aliases.Add("owners");
        return verb;
    }

    private static Task<OwnerChangedView> MoveAsync(AdminConnection admin, string path, string name, CancellationToken cancellationToken) =>
        admin.PostAsync(path, new OwnerNameCommand(name), AdminJson.Default.OwnerCommand, AdminJson.Default.OwnerChangedView, cancellationToken);

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, int limit, bool left, string? after, CancellationToken cancellationToken)
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"owners?limit={limit}{(left ? "&state=left" : "")}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}");
        var page = await admin.GetAsync(query, AdminJson.Default.OwnersView, cancellationToken);
        Output.Table(
            context.Terminal,
            ["OWNER", "KIND", "STATE", "AGENTS", "SUSPENDED", "LEFT", "CONTACT"],
            [.. page.Owners.Select(o => new[] { o.Name, o.Kind == OwnerKind.Unstated ? "" : o.Kind.ToString().ToLowerInvariant(), o.State.ToString().ToLowerInvariant(), o.Agents.ToString(CultureInfo.InvariantCulture), o.Suspended.ToString(CultureInfo.InvariantCulture), o.Left is { } time ? Output.Time(time) : "", o.Contact ?? "" })],
            "No owners.");
        if (page.Next is { } next)
        {
            context.Terminal.Line($"More: --after '{next}'.");
        }

        return ExitCodes.Success;
    }
}
