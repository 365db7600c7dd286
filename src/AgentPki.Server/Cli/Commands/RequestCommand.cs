using System.CommandLine;
using AgentPki.Authority.Governance;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki request list|show|approve|reject|cancel</c></summary>
internal static class RequestCommand
{
    private const string SampleId = "0123456789abcdef0123456789abcdef";

    internal static Command Create(CommandContext context)
    {
        var all = new Option<bool>("--all") { Description = "Also those that are decided." };
        var digest = new Option<string?>("--sha256") { Description = "The digest that the requester read to you: refused when it is not the one that waits." };
        var approve = new Verb("approve", "Says yes to exactly what 'request show' shows; it is run at once. Nobody approves what he asked for himself.", $"agentpki request approve {SampleId} --as bob.pem");
        var reject = new Verb("reject", "Says no; --comment says why.", $"agentpki request reject {SampleId} --comment 'wrong CA' --as bob.pem");
        return new Verb("request", "What waits, or waited, for a second person (docs/roles.md).", "agentpki request list", $"agentpki request show {SampleId}")
            .With(
                new Verb("list", "Lists the requests that wait.", "agentpki request list", "agentpki request list --all")
                    .With(all)
                    .Asks(context, (admin, parsed, token) => ListAsync(context, admin, parsed.GetValue(all), token)),
                OnOne(context, new Verb("show", "Shows one request: what it would do octet by octet, its digest, who asked, and what became of it.", $"agentpki request show {SampleId}"), (admin, id, _, token) => ShowAsync(context, admin, id, token)),
                OnOne(context, approve.With(digest), (admin, id, parsed, token) => ApproveAsync(context, admin, id, parsed.GetValue(digest), token)),
                OnOne(context, reject, (admin, id, _, token) => RejectAsync(context, admin, id, token)),
                OnOne(context, new Verb("cancel", "Takes back what you asked for yourself.", $"agentpki request cancel {SampleId}"), async (admin, id, _, token) =>
                    Tell(context, await admin.PostAsync($"requests/{Uri.EscapeDataString(id)}/cancel", AdminJson.Default.AdminRequestView, token))));
    }

    private static Verb OnOne(CommandContext context, Verb verb, Func<AdminConnection, string, ParseResult, CancellationToken, Task<int>> run)
    {
        var id = new Argument<string>("id") { Description = "The request's id, as 'request list' shows it." };
        return verb.With(id).Asks(context, (admin, parsed, cancellationToken) => run(admin, parsed.GetRequiredValue(id), parsed, cancellationToken));
    }

    private static async Task<int> ListAsync(CommandContext context, AdminConnection admin, bool all, CancellationToken cancellationToken)
    {
        var requests = (await admin.GetAsync(all ? "requests" : "requests?state=pending", AdminJson.Default.AdminRequestsView, cancellationToken)).Requests;
        Output.Table(
            context.Terminal,
            ["ID", "STATE", "REQUESTER", "UNTIL", "WANTS", "APPROVED BY", "COMMENT"],
            [.. requests.Select(r => new[] { r.Id, Word(r.State), r.Requester.Name, Output.Time(r.NotAfter), r.Target, r.DecidedBy?.Name ?? string.Join(" or ", r.Approvers), r.Comment ?? "" })],
            "Nothing waits.");
        return ExitCodes.Success;
    }

    private static async Task<int> ShowAsync(CommandContext context, AdminConnection admin, string id, CancellationToken cancellationToken)
    {
        var request = await FindAsync(admin, id, cancellationToken);
        Output.Facts(
            context.Terminal,
            [
                ("id", request.Id),
                ("wants", $"{request.Operation}: {request.Target}"),
                ("SHA-256", request.Sha256),
                ("requester", Describe(request.Requester)),
                ("comment", request.Comment ?? ""),
                ("state", Word(request.State)),
                ("since", Output.Time(request.Created)),
                ("until", Output.Time(request.NotAfter)),
                ("second person", request.DecidedBy is { } decider ? $"{Describe(decider)}, {(request.Decided is { } time ? Output.Time(time) : "")}" : $"one with the role {string.Join(" or ", request.Approvers)}"),
                .. request.DecisionComment is { } said ? new[] { ("his comment", said) } : [],
                .. request.Outcome is { } outcome ? new[] { ("outcome", outcome) } : [],
            ]);
        context.Terminal.Raw(request.Body ?? "");
        return ExitCodes.Success;
    }

    private static async Task<int> ApproveAsync(CommandContext context, AdminConnection admin, string id, string? digest, CancellationToken cancellationToken)
    {
        // What is approved is what was read here; what waits must be the same.
        var seen = await FindAsync(admin, id, cancellationToken);
        var space = seen.Target.IndexOf(' ', StringComparison.Ordinal);
        var computed = AdminRequestRecord.DigestOf(seen.Target[..space], seen.Target[(space + 1)..], System.Text.Encoding.UTF8.GetBytes(seen.Body ?? ""));
        if (digest is not null && !digest.Equals(computed, StringComparison.OrdinalIgnoreCase))
        {
            throw new CommandException(ExitCodes.Refused, $"The request's digest is {computed}, not the one you were told.", "Nothing was approved: look at it with 'agentpki request show'.");
        }

        context.Terminal.Line($"{seen.Requester.Name} wants {seen.Operation}: {seen.Target} (SHA-256 {computed})");
        return Tell(context, await admin.PostAsync(
            $"requests/{Uri.EscapeDataString(id)}/approve", new ApproveRequestCommand(computed, context.Variable(AdminConnection.CommentVariable)), AdminJson.Default.ApproveRequestCommand, AdminJson.Default.AdminRequestView, cancellationToken));
    }

    private static async Task<int> RejectAsync(CommandContext context, AdminConnection admin, string id, CancellationToken cancellationToken) =>
        Tell(context, await admin.PostAsync(
            $"requests/{Uri.EscapeDataString(id)}/reject", new RejectRequestCommand(context.Variable(AdminConnection.CommentVariable) ?? ""), AdminJson.Default.RejectRequestCommand, AdminJson.Default.AdminRequestView, cancellationToken));

    private static Task<AdminRequestView> FindAsync(AdminConnection admin, string id, CancellationToken cancellationToken) =>
        admin.GetAsync($"requests/{Uri.EscapeDataString(id)}", AdminJson.Default.AdminRequestView, cancellationToken);

    private static int Tell(CommandContext context, AdminRequestView request)
    {
        context.Terminal.Line($"Request {request.Id}: {Word(request.State)}.");
        if (request.Outcome is { } outcome)
        {
            context.Terminal.Raw(outcome);
        }

        return request.State is AdminRequestState.Done or AdminRequestState.Rejected or AdminRequestState.Cancelled ? ExitCodes.Success : ExitCodes.Refused;
    }

    private static string Describe(AdminPersonView person) => person.Key is null ? person.Name : $"{person.Name} (key {person.Key[..16]}…, certificate {person.Authority}/{person.Serial})";

    private static string Word(AdminRequestState state) => state.ToString().ToLowerInvariant();
}
