using System.CommandLine;
using System.Globalization;
using AgentPki.Authority.Decisions.Journal;
using AgentPki.Ledger;
using AgentPki.Ledger.Search;
using Spectre.Console;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki decisions search|verify</c>: read the files of the decision log and need no server.</summary>
internal static class DecisionsCommand
{
    internal static Command Create(CommandContext context)
    {
        var folder = new Option<string?>("--folder") { Description = "Where the files of the log lie; the home's unless told." };
        var agent = new Option<string?>("--agent") { Description = "About this agent: its SPIFFE ID, or the last part of it." };
        var action = new Option<string?>("--action") { Description = "Of this action." };
        var resource = new Option<string?>("--resource") { Description = "Of a resource that begins so." };
        var denied = new Option<bool>("--denied") { Description = "Denials only." };
        var id = new Option<string?>("--id") { Description = "The one decision of this id, as answers and receipts name it." };
        var limit = new Option<int>("--limit") { Description = "At most so many, the first that are found.", DefaultValueFactory = _ => 100 };
        return new Verb("decisions", "Searches and verifies the log of what was decided.", "agentpki decisions search --agent web-1 --denied", "agentpki decisions verify")
            .With(
                new Verb("search", "Finds decisions, in their order.", "agentpki decisions search --agent web-1 --denied", "agentpki decisions search --id 0123456789abcdef0123456789abcdef")
                    .With(folder, agent, action, resource, denied, id, limit)
                    .Runs((parsed, cancellationToken) => SearchAsync(
                        context,
                        FolderOf(context, parsed.GetValue(folder)),
                        record => (parsed.GetValue(agent) is not { } a || record.Subject == a || record.Subject.EndsWith("/" + a, StringComparison.Ordinal)) && (parsed.GetValue(action) is not { } wanted || record.Action == wanted)
                            && (parsed.GetValue(resource) is not { } start || record.Resource.StartsWith(start, StringComparison.Ordinal)) && (!parsed.GetValue(denied) || !record.IsPermitted) && (parsed.GetValue(id) is not { } one || record.Id == one),
                        parsed.GetValue(limit),
                        cancellationToken)),
                new Verb("verify", "Recomputes the log and holds it against the ledger: names what was changed, removed or cut off. Exit code 1 when something was.", "agentpki decisions verify")
                    .With(folder)
                    .Runs((parsed, cancellationToken) => VerifyAsync(context, FolderOf(context, parsed.GetValue(folder)), cancellationToken)));
    }

    private static async Task<int> SearchAsync(CommandContext context, string folder, Func<JournalRecord, bool> matches, int limit, CancellationToken cancellationToken)
    {
        var found = 0;
        foreach (var (_, path) in JournalSegments.List(folder))
        {
            await foreach (var (line, _) in JournalSegments.ReadAsync(path, cancellationToken))
            {
                if (JournalRecord.TryParse(line, out var record) && matches(record))
                {
                    if (found++ == limit)
                    {
                        context.Terminal.Line("There are more; --limit shows them.");
                        return ExitCodes.Success;
                    }

                    context.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{Output.Time(record.Time)}  {record.Id}  {(record.IsPermitted ? "permit" : "deny  ")}  {Output.Visible(record.Subject)}  {Output.Visible(record.Action)}  {Output.Visible(record.Resource)}  {string.Join(' ', record.Reasons)}  asked by {record.Asker}"));
                }
            }
        }

        return ExitCodes.Success;
    }

    private static async Task<int> VerifyAsync(CommandContext context, string folder, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "node");
        if (!File.Exists(file))
        {
            throw new CommandException(ExitCodes.Usage, $"There is no decision log in {folder}.", "Name its folder with --folder.");
        }

        var node = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
        var anchors = new List<JournalAnchor>();
        await using (var store = await AuditCommand.OpenAsync(context, context.Home(), cancellationToken))
        {
            await foreach (var entry in ((ILedgerReader)store).SearchAsync(new LedgerQuery { Kind = LedgerEntryKind.DecisionsAnchored }, 0, cancellationToken))
            {
                if (JournalAnchor.Of(entry) is { } anchor && anchor.Node == node)
                {
                    anchors.Add(anchor);
                }
            }
        }

        var result = await JournalVerifier.VerifyAsync(folder, anchors, cancellationToken);
        foreach (var finding in result.Findings)
        {
            context.Terminal.Markup($"[red]{Markup.Escape(finding)}[/]");
        }

        context.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Node {node}: records {result.First} to {result.Last}, {anchors.Count} entries of the ledger vouch for those up to {result.Anchored}{(result.IsAnchored ? ": every decision is anchored" : $", {result.Unanchored} are not anchored yet")}."));
        context.Terminal.Line(result.Findings.Count == 0 ? "The log is whole. Whether the ledger is, 'agentpki audit verify' says." : "The log is not as it was written.");
        return result.Findings.Count == 0 ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    private static string FolderOf(CommandContext context, string? folder) => folder is null ? context.Home().Decisions : Path.GetFullPath(folder, context.WorkingFolder);
}
