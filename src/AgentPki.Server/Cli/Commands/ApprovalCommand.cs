using System.CommandLine;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki approval list|show|approve|deny</c></summary>
internal static class ApprovalCommand
{
    internal static Command Create(CommandContext context)
    {
        var all = new Option<bool>("--all") { Description = "Also those that are decided." };
        return new Verb("approval", "Enrolment requests that wait for a person (EST answers them with 202).", "agentpki approval list", "agentpki approval approve 0123456789abcdef0123456789abcdef")
            .With(
                new Verb("list", "Lists the requests that wait.", "agentpki approval list", "agentpki approval list --all")
                    .With(all)
                    .Asks(context, (admin, parsed, cancellationToken) => ListAsync(context, admin, parsed.GetValue(all), cancellationToken)),
                OnOne(context, "show", "Shows one request and prints its PKCS#10.", ShowAsync),
                OnOne(context, "approve", "Says yes: the client gets its certificate when it asks again.", (admin, c, id, token) => DecideAsync(admin, c, id, "approve", token)),
                OnOne(context, "deny", "Says no, for good.", (admin, c, id, token) => DecideAsync(admin, c, id, "deny", token)));
    }

    private static Verb OnOne(CommandContext context, string name, string description, Func<AdminConnection, CommandContext, string, CancellationToken, Task> run)
    {
        var id = new Argument<string>("id") { Description = "The request's id, as 'approval list' shows it." };
        return new Verb(name, description, $"agentpki approval {name} 0123456789abcdef0123456789abcdef")
            .With(id)
            .Asks(context, async (admin, parsed, cancellationToken) =>
            {
                await run(admin, context, parsed.GetRequiredValue(id), cancellationToken);
                return ExitCodes.Success;
            });
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, bool all, CancellationToken cancellationToken)
    {
        var approvals = (await admin.GetAsync(all ? "approvals" : "approvals?state=pending", AdminJson.Default.ApprovalsView, cancellationToken)).Approvals;
        Output.Table(
            context.Terminal,
            ["ID", "PROFILE", "STATE", "REQUESTER", "SINCE", "WANTS"],
            [.. approvals.Select(a => new[] { a.Id, a.Profile, a.State.ToString().ToLowerInvariant(), a.Requester, Output.Time(a.Created), a.Summary })],
            "Nothing waits.");
        return ExitCodes.Success;
    }

    private static async Task ShowAsync(AdminConnection admin, CommandContext context, string id, CancellationToken cancellationToken)
    {
        var approval = await admin.GetAsync($"approvals/{Uri.EscapeDataString(id)}", AdminJson.Default.ApprovalView, cancellationToken);
        Output.Facts(
            context.Terminal,
            ("id", approval.Id),
            ("wants", approval.Summary),
            ("profile", approval.Profile),
            ("requester", approval.Requester),
            ("state", approval.State.ToString().ToLowerInvariant() + (approval.DecidedBy is null ? "" : $" by {approval.DecidedBy}")),
            ("since", Output.Time(approval.Created)),
            ("until", Output.Time(approval.NotAfter)));
        context.Terminal.Raw(approval.Request?.TrimEnd() ?? "");
    }

    private static async Task DecideAsync(AdminConnection admin, CommandContext context, string id, string decision, CancellationToken cancellationToken)
    {
        var approval = await admin.PostAsync($"approvals/{Uri.EscapeDataString(id)}/{decision}", AdminJson.Default.ApprovalView, cancellationToken);
        context.Terminal.Line($"{approval.Summary}: {approval.State.ToString().ToLowerInvariant()}.");
    }
}
