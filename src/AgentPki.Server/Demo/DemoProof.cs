using System.Globalization;
using AgentPki.Ledger;
using AgentPki.Server.Cli;
using AgentPki.Server.Cli.Commands;
using AgentPki.Server.Demo.Stage;

namespace AgentPki.Server.Demo;

/// <summary>After everybody has ended: what the files say, with nobody to ask.</summary>
internal sealed class DemoProof(CommandContext context, DemoPlace place, Operator person, DemoTeller teller)
{
    internal async Task ShowAsync(CancellationToken cancellationToken)
    {
        teller.Step("Everybody has ended. What is left proves it, offline");
        teller.Came((await person.TypeAsync("audit", "verify")).Split('\n')[0]);
        teller.Came((await person.TypeAsync("decisions", "verify")).Split('\n')[0]);

        teller.Step("The entries of the ledger that tell the story");
        teller.Typed("audit", "show", "--limit", "100");
        teller.Table(["ENTRY", "TIME", "KIND", "WHAT"], [.. LedgerStory.Find(await ReadAsync(cancellationToken)).Select(t => new[]
        {
            t.Record.Leaf.Index.ToString(CultureInfo.InvariantCulture), t.Record.Leaf.Time.UtcDateTime.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture), t.Record.Leaf.Kind.ToString(), $"{t.What}{Why(t.Record)}",
        })]);
    }

    // The rule's own words.
    private static string Why(LedgerRecord record) =>
        record.Leaf.Kind == LedgerEntryKind.BehaviourAnswered && record.Details?.Facts.GetValueOrDefault(LedgerFacts.Reason) is { } reason ? $": {reason}" : "";

    private async Task<List<LedgerRecord>> ReadAsync(CancellationToken cancellationToken)
    {
        await using var store = await AuditCommand.OpenAsync(context, place.Home, cancellationToken);
        var all = new List<LedgerRecord>();
        await foreach (var record in store.ReadAsync(0, cancellationToken))
        {
            all.Add(record);
        }

        return all;
    }
}
