using System.CommandLine;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki adjust list|narrow|elevate|end</c>: what one agent may do, for a time.</summary>
internal static class AdjustCommand
{
    internal static Command Create(CommandContext context)
    {
        var agent = new Argument<string>("agent") { Description = "Its SPIFFE ID." };
        var id = new Argument<string>("id") { Description = "As 'agentpki adjust list' shows it." };
        var scopes = new Option<string[]>("--scope") { Description = "action:resource, for example read:crm/**; may be repeated.", Required = true };
        var duration = new Option<string>("--for") { Description = "How long: 30m, 8h; it ends by itself.", Required = true };
        var reason = new Option<string>("--reason") { Description = "Why.", Required = true };
        return new Verb("adjust", "Narrows an agent, or permits it something more, for a time.", "agentpki adjust list", "agentpki adjust narrow spiffe://agents.localhost/agent/a --scope 'read:**' --for 8h --reason 'odd requests'")
            .With(
                new Verb("list", "Lists what has not ended.", "agentpki adjust list").Asks(context, (admin, _, cancellationToken) => ListAsync(context, admin, cancellationToken)),
                new Verb("narrow", "From now on, for that time, the agent may act within these scopes alone.", "agentpki adjust narrow spiffe://agents.localhost/agent/a --scope 'read:**' --for 8h --reason 'odd requests'")
                    .With(agent, scopes, duration, reason)
                    .Asks(context, (admin, parsed, cancellationToken) => AddAsync(context, admin, "narrow", Read(parsed, agent, scopes, duration, reason), cancellationToken)),
                new Verb("elevate", "Permits the agent these scopes beside what policies permit, within its certificate, for a day at most: a second person approves it.", "agentpki adjust elevate spiffe://agents.localhost/agent/a --scope 'write:crm/customers/**' --for 1h --reason 'incident 42' --as alice.pem")
                    .With(agent, scopes, duration, reason)
                    .Asks(context, (admin, parsed, cancellationToken) => AddAsync(context, admin, "elevate", Read(parsed, agent, scopes, duration, reason), cancellationToken)),
                new Verb("end", "Ends one before its time. The end of a narrowing is approved by a second person.", "agentpki adjust end 0123456789abcdef0123456789abcdef")
                    .With(id)
                    .Asks(context, (admin, parsed, cancellationToken) => EndAsync(context, admin, parsed.GetRequiredValue(id), cancellationToken)));
    }

    private static AdjustmentCommand Read(ParseResult parsed, Argument<string> agent, Option<string[]> scopes, Option<string> duration, Option<string> reason) =>
        Configuration.Durations.TryParse(parsed.GetRequiredValue(duration), out var lasts)
            ? new AdjustmentCommand(parsed.GetRequiredValue(agent), parsed.GetRequiredValue(scopes), (long)lasts.TotalSeconds, parsed.GetRequiredValue(reason))
            : throw new CommandException(ExitCodes.Usage, $"'{parsed.GetRequiredValue(duration)}' is no time.", "Write it as 30m, 8h or 1d.");

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var found = (await admin.GetAsync("adjustments", AdminJson.Default.AdjustmentsView, cancellationToken)).Adjustments;
        Output.Table(
            context.Terminal,
            ["ID", "KIND", "AGENT", "SCOPES", "UNTIL", "REASON", "BY"],
            [.. found.Select(a => new[] { a.Id, a.Kind, a.Agent, string.Join(' ', a.Scopes), Output.Time(a.NotAfter), a.Reason, a.MadeBy })],
            "Nothing is adjusted.");
        return ExitCodes.Success;
    }

    private static async Task<int> AddAsync(CommandContext context, AdminConnection admin, string verb, AdjustmentCommand command, CancellationToken cancellationToken)
    {
        var added = await admin.PostAsync($"adjustments/{verb}", command, AdminJson.Default.AdjustmentCommand, AdminJson.Default.AdjustmentView, cancellationToken);
        context.Terminal.Line($"{added.Kind} {added.Id} of {added.Agent} is in force until {Output.Time(added.NotAfter)}.");
        return ExitCodes.Success;
    }

    private static async Task<int> EndAsync(CommandContext context, AdminConnection admin, string id, CancellationToken cancellationToken)
    {
        var found = (await admin.GetAsync("adjustments", AdminJson.Default.AdjustmentsView, cancellationToken)).Adjustments.FirstOrDefault(a => a.Id == id)
            ?? throw new CommandException(ExitCodes.Refused, $"There is no adjustment {id} that has not ended.", "'agentpki adjust list' shows what there is.");
        var ended = await admin.PostAsync($"adjustments/{id}/end-{found.Kind}", AdminJson.Default.AdjustmentView, cancellationToken);
        context.Terminal.Line($"{ended.Kind} {ended.Id} of {ended.Agent} has ended.");
        return ExitCodes.Success;
    }
}
