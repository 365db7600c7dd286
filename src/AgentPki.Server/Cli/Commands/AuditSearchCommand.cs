using System.CommandLine;
using System.Globalization;
using AgentPki.Ledger;
using AgentPki.Ledger.Search;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki audit search</c>: through the running appliance, or offline on an export.</summary>
internal static class AuditSearchCommand
{
    private const int DefaultLimit = 100;
    private const int MaximumLimit = 10_000;

    internal static Verb Create(CommandContext context)
    {
        var actor = new Option<string?>("--actor") { Description = "Who asked: credential:web, admin:*, stranger." };
        var kind = new Option<string?>("--kind") { Description = "What happened: CertificateIssued, EnrollmentRefused; 'audit show' prints such words." };
        var after = new Option<string?>("--after") { Description = "Decided then or later: 2027-03-01, 2027-03-01T12:00:00Z, or so long ago: 2h, 7d." };
        var before = new Option<string?>("--before") { Description = "Decided before then, said likewise." };
        var serial = new Option<string?>("--serial") { Description = "Of the certificate with this serial number (hexadecimal)." };
        var agent = new Option<string?>("--agent") { Description = "Of this agent: its SPIFFE ID, or the last part of it." };
        var text = new Option<string?>("--text") { Description = "With this text anywhere in it." };
        var from = new Option<long>("--from") { Description = "Begin at this entry: where the last page ended." };
        var limit = new Option<int>("--limit") { Description = $"At most so many, 1 to {MaximumLimit}.", DefaultValueFactory = _ => DefaultLimit };
        var export = new Option<string?>("--export") { Description = "Search this export ('agentpki audit export') instead of asking the appliance." };
        return new Verb("search", "Finds entries by who, what, when and about whom, in their order, page by page.",
            "agentpki audit search --agent web-1 --after 7d",
            "agentpki audit search --kind EnrollmentRefused --actor 'credential:*' --limit 20",
            "agentpki audit search --serial 01a2b3 --export ledger.jsonl")
            .With(actor, kind, after, before, serial, agent, text, from, limit, export)
            .Runs(async (parsed, cancellationToken) =>
            {
                var now = context.Clock.GetUtcNow();
                var query = new LedgerQuery
                {
                    Actor = parsed.GetValue(actor),
                    Kind = KindOf(parsed.GetValue(kind)),
                    After = TimeOf("--after", parsed.GetValue(after), now),
                    Before = TimeOf("--before", parsed.GetValue(before), now),
                    Serial = parsed.GetValue(serial)?.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant(),
                    Agent = parsed.GetValue(agent),
                    Text = parsed.GetValue(text),
                };
                var (first, most) = (parsed.GetValue(from), parsed.GetValue(limit));
                if (most is < 1 or > MaximumLimit || first < 0)
                {
                    throw new CommandException(ExitCodes.Usage, "--from is 0 or more, --limit from 1 to 10000.", "Choose others.");
                }

                return parsed.GetValue(export) is { } file
                    ? await OfflineAsync(context, file, query, first, most, cancellationToken)
                    : await AskAsync(context, query, first, most, cancellationToken);
            });
    }

    private static async Task<int> OfflineAsync(CommandContext context, string file, LedgerQuery query, long from, int limit, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
        {
            throw new CommandException(ExitCodes.Usage, $"There is no file {file}.", "Name an export with --export.");
        }

        try
        {
            var found = 0;
            await foreach (var record in ((ILedgerReader)await LedgerExport.OpenAsync(file, cancellationToken)).SearchAsync(query, from, cancellationToken))
            {
                if (found++ == limit)
                {
                    More(context, record.Leaf.Index);
                    break;
                }

                context.Terminal.Line(AuditCommand.Describe(record));
            }

            return ExitCodes.Success;
        }
        catch (InvalidDataException error)
        {
            throw new CommandException(ExitCodes.CheckFailed, error.Message, "'agentpki audit verify --export' says more.", error);
        }
    }

    private static async Task<int> AskAsync(CommandContext context, LedgerQuery query, long from, int limit, CancellationToken cancellationToken)
    {
        var parameters = new (string Name, string? Value)[]
        {
            ("actor", query.Actor), ("kind", query.Kind is { } kind ? char.ToLowerInvariant(kind.ToString()[0]) + kind.ToString()[1..] : null),
            ("after", query.After?.ToString("o", CultureInfo.InvariantCulture)), ("before", query.Before?.ToString("o", CultureInfo.InvariantCulture)),
            ("serial", query.Serial), ("agent", query.Agent), ("text", query.Text),
            ("from", from.ToString(CultureInfo.InvariantCulture)), ("limit", limit.ToString(CultureInfo.InvariantCulture)),
        };
        using var admin = new AdminConnection(context);
        var page = await admin.GetAsync(
            "audit/search?" + string.Join('&', parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value ?? "")}")), AdminJson.Default.LedgerSearchView, cancellationToken);
        foreach (var entry in page.Entries)
        {
            context.Terminal.Line(Describe(entry));
        }

        if (page.Next is { } next)
        {
            More(context, next);
        }

        return ExitCodes.Success;
    }

    // Told beside the result, not in it: the result goes into pipes.
    private static void More(CommandContext context, long next) => context.Terminal.Warn(string.Create(CultureInfo.InvariantCulture, $"there is more: --from {next}"));

    private static string Describe(LedgerEntryView entry) => string.Create(
        CultureInfo.InvariantCulture,
        $"{entry.Index,8}  {Output.Time(entry.Time)}  {entry.Kind,-22}  {(entry.Details is { } details ? Output.OneLine($"{entry.Actor}  {string.Join(' ', details.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key}={f.Value}"))}") : "(no details)")}");

    private static LedgerEntryKind? KindOf(string? text) =>
        text is null ? null
        : Enum.TryParse<LedgerEntryKind>(text, ignoreCase: true, out var kind) && Enum.IsDefined(kind) && !char.IsAsciiDigit(text[0]) ? kind
        : throw new CommandException(ExitCodes.Usage, $"'{text}' is no kind of entry.", $"Choose one of {string.Join(", ", Enum.GetNames<LedgerEntryKind>())}.");

    private static DateTimeOffset? TimeOf(string option, string? text, DateTimeOffset now) =>
        text is null ? null
        : Durations.TryParse(text, out var ago) ? now - ago
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time
        : throw new CommandException(ExitCodes.Usage, $"{option} '{text}' is no time.", "Say it as 2027-03-01, 2027-03-01T12:00:00Z, or so long ago as 7d.");
}
