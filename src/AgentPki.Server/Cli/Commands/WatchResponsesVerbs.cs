using System.CommandLine;
using System.Globalization;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki watch status|responses|show|revert</c>: what was done about agents by rule, and how two people take it back.</summary>
internal static class WatchResponsesVerbs
{
    private const int PageOfAll = 1000;

    internal static Verb[] Of(CommandContext context)
    {
        var id = new Argument<string>("id") { Description = "As 'agentpki watch responses' shows it." };
        var agent = new Option<string?>("--agent") { Description = "Only those to this agent." };
        var state = new Option<string?>("--state") { Description = "begun, done, notDone or reverted." };
        var from = new Option<string?>("--from") { Description = "Only those of that time or later, as 2026-12-01T08:00:00Z." };
        var before = new Option<string?>("--before") { Description = "Only those before that time." };
        var limit = new Option<int>("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50 };
        return
        [
            new Verb("status", "Shows how the watch goes: its rules, how much it sees, what it did of late, and who is told.", "agentpki watch status")
                .Asks(context, (admin, _, cancellationToken) => StatusAsync(context, admin, cancellationToken)),
            new Verb("responses", "Lists what was done about agents by rule, newest first.", "agentpki watch responses", "agentpki watch responses --agent spiffe://agents.localhost/agent/a --state done")
                .With(agent, state, from, before, limit)
                .Asks(context, (admin, parsed, cancellationToken) => ListAsync(
                    context, admin, [("agent", parsed.GetValue(agent)), ("state", parsed.GetValue(state)), ("from", parsed.GetValue(from)), ("before", parsed.GetValue(before))], parsed.GetValue(limit), cancellationToken)),
            new Verb("show", "Shows one response: why, what it changed, and what became of it.", "agentpki watch show w-0123456789abcdef")
                .With(id)
                .Asks(context, (admin, parsed, cancellationToken) => ShowAsync(context, admin, parsed.GetRequiredValue(id), cancellationToken)),
            new Verb("revert", "Takes a response back: a second person approves it. What it revoked stays revoked.", "agentpki watch revert w-0123456789abcdef --comment 'a new task, the owner says' --as alice.pem")
                .With(id)
                .Asks(context, (admin, parsed, cancellationToken) => RevertAsync(context, admin, parsed.GetRequiredValue(id), cancellationToken)),
        ];
    }

    private static async Task<int> StatusAsync(CommandContext context, AdminConnection admin, CancellationToken cancellationToken)
    {
        var status = await admin.GetAsync("watch", AdminJson.Default.WatchStatusView, cancellationToken);
        Output.Facts(
            context.Terminal,
            ("rules", status.RulesSha256),
            ("problem", status.Problem ?? "none"),
            ("agents", string.Create(CultureInfo.InvariantCulture, $"{status.Agents} whose behaviour is known")),
            ("events", string.Create(CultureInfo.InvariantCulture, $"{status.Waiting} wait; {status.Dropped} were dropped since the start")),
            ("responses", string.Create(CultureInfo.InvariantCulture, $"{status.LastHour} within the last hour, {status.LastDay} within the last day")),
            ("webhook", status.Webhook is not { } told ? "none" : string.Create(CultureInfo.InvariantCulture, $"{told.Receiver}; {told.Waiting} wait; it was not told of {told.Lost} since the start{(told.Problem is null ? "" : $"; {told.Problem}")}")));
        return ExitCodes.Success;
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, IReadOnlyList<(string Name, string? Value)> conditions, int limit, CancellationToken cancellationToken)
    {
        if (limit < 1)
        {
            throw new CommandException(ExitCodes.Usage, "--limit is a number from 1 on.", "Leave it out for the newest 50.");
        }

        var query = string.Concat(conditions.Where(c => c.Value is not null).Select(c => $"&{c.Name}={Uri.EscapeDataString(c.Value ?? "")}"));
        var found = new List<WatchResponseView>();
        for (string? after = null; found.Count < limit;)
        {
            var page = await admin.GetAsync(
                string.Create(CultureInfo.InvariantCulture, $"watch/responses?limit={Math.Min(PageOfAll, limit - found.Count)}{query}{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}"), AdminJson.Default.WatchResponsesView, cancellationToken);
            found.AddRange(page.Responses);
            if ((after = page.Next) is null)
            {
                break;
            }
        }

        Output.Table(
            context.Terminal,
            ["ID", "AT", "AGENT", "RESPONSE", "STATE", "WHY"],
            [.. found.Select(r => new[] { r.Id, Output.Time(r.At), r.Agent, r.Response, r.State, $"{r.Detector}: {r.Explanation}" })],
            "Nothing was done by rule.");
        return ExitCodes.Success;
    }

    private static async Task<int> ShowAsync(CommandContext context, AdminConnection admin, string id, CancellationToken cancellationToken)
    {
        var found = await admin.GetAsync($"watch/responses/{Uri.EscapeDataString(id)}", AdminJson.Default.WatchResponseDetailsView, cancellationToken);
        var response = found.Response;
        Output.Facts(
            context.Terminal,
            ("response", $"{response.Id}: {response.Response}"),
            ("agent", response.Agent),
            ("at", Output.Time(response.At)),
            ("found", $"{response.Detector}: {response.Explanation}"),
            ("rules", response.RulesSha256),
            ("state", StateOf(response)),
            ("certificates", response.Certificates.ToString(CultureInfo.InvariantCulture)),
            ("agents", response.Agents.ToString(CultureInfo.InvariantCulture)),
            ("narrowing", response.Adjustment ?? "none"));
        Output.Table(context.Terminal, ["AGENT", "SUSPENDED", "HELD"], [.. found.Affected.Select(a => new[] { a.Agent, a.Suspended, a.Held })], "It changed no agent.");
        context.Terminal.Line($"'agentpki audit search --text {response.Id}' has the ledger's entries of it.");
        return ExitCodes.Success;
    }

    private static string StateOf(WatchResponseView response) => response switch
    {
        { Reverted: { } when, RevertedBy: { } by } => $"reverted {Output.Time(when)} by {by}{(response.ApprovedBy is { } second ? $" and {second}" : "")}",
        { Problem: { } problem } => $"{response.State}: {problem}",
        _ => response.State,
    };

    private static async Task<int> RevertAsync(CommandContext context, AdminConnection admin, string id, CancellationToken cancellationToken)
    {
        var reverted = await admin.PostAsync($"watch/responses/{Uri.EscapeDataString(id)}/revert", AdminJson.Default.WatchRevertedView, cancellationToken);
        context.Terminal.Line(string.Create(
            CultureInfo.InvariantCulture, $"Response {reverted.Response.Id} ({reverted.Response.Response}) was taken back: {reverted.Released} certificates are good, {reverted.Activated} agents active again{(reverted.Response.Adjustment is null ? "" : ", the narrowing has ended")}."));
        Output.Remarks(context.Terminal, "Note", reverted.Remarks);
        return ExitCodes.Success;
    }
}
