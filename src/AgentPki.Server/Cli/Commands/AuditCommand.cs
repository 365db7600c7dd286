using System.CommandLine;
using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki audit verify|search|prove|export|show|key|checkpoint</c>. All but the last, and search without an export, read the database and need no server.</summary>
internal static class AuditCommand
{
    internal static Command Create(CommandContext context)
    {
        var limit = new Option<int>("--limit") { Description = "At most so many, the newest.", DefaultValueFactory = _ => 20 };
        return new Verb("audit", "The ledger of every decision: verify it, search it, prove what it has, sign its head.", "agentpki audit verify", "agentpki audit show --limit 50")
            .With(
                AuditVerifyCommand.Create(context),
                AuditSearchCommand.Create(context),
                AuditProveCommand.Create(context),
                AuditProveCommand.CreateExport(context),
                new Verb("show", "Prints the newest entries, oldest first.", "agentpki audit show", "agentpki audit show --limit 500 | grep Refused")
                    .With(limit)
                    .Runs((parsed, cancellationToken) => ShowAsync(context, parsed.GetValue(limit), cancellationToken)),
                new Verb("key", "Prints what the ledger's heads are verified with, as C2SP tools and 'agentpki witness add' take it. After a restore it is another one.", "agentpki audit key")
                    .Runs((_, cancellationToken) => KeyAsync(context, cancellationToken)),
                new Verb("checkpoint", "Has the running appliance sign the ledger's head and prints the note, to be kept elsewhere.", "agentpki audit checkpoint > /media/auditor/today.txt")
                    .Runs((_, cancellationToken) => CheckpointAsync(context, cancellationToken)));
    }

    private static async Task<int> ShowAsync(CommandContext context, int limit, CancellationToken cancellationToken)
    {
        if (limit < 1)
        {
            throw new CommandException(ExitCodes.Usage, $"--limit {limit} is no number of entries.", "Choose 1 or more.");
        }

        var home = context.Home();
        await using var store = await OpenAsync(context, home, cancellationToken);
        var head = await store.HeadAsync(cancellationToken);
        await foreach (var entry in store.ReadAsync(Math.Max(0, head.Size - limit), cancellationToken))
        {
            context.Terminal.Line(Describe(entry));
        }

        return ExitCodes.Success;
    }

    internal static string Describe(LedgerRecord entry)
    {
        var details = entry.Details;
        var facts = details is null ? (entry.IsErased ? "(no details)" : "(damaged)") : $"{details.Actor}  {string.Join(' ', details.Facts.Select(f => $"{f.Key}={f.Value}"))}";
        return string.Create(CultureInfo.InvariantCulture, $"{entry.Leaf.Index,8}  {Output.Time(entry.Leaf.Time)}  {entry.Leaf.Kind,-22}  {Output.OneLine(facts)}");
    }

    private static async Task<int> KeyAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var home = context.Home();
        await using var store = await OpenAsync(context, home, cancellationToken);
        var extent = await store.ExtentAsync(cancellationToken);
        var keys = home.LedgerKeys.Select(Pem.TryReadPublicKey).OfType<PublicKey>().ToList();
        if (keys.Count == 0)
        {
            throw new CommandException(ExitCodes.Usage, $"{home.LedgerKey} holds no public key that this program knows.", "The ceremony writes it; hold it again.");
        }

        foreach (var key in keys)
        {
            context.Terminal.Raw(NoteKey.Create(Checkpoint.OriginOf(extent.LogId, extent.Epoch), key).ToString());
        }

        return ExitCodes.Success;
    }

    private static async Task<int> CheckpointAsync(CommandContext context, CancellationToken cancellationToken)
    {
        using var admin = new AdminConnection(context);
        var checkpoint = await admin.PostAsync("audit/checkpoint", AdminJson.Default.CheckpointView, cancellationToken);
        context.Terminal.Raw(checkpoint.Note);
        return ExitCodes.Success;
    }

    internal static async Task<SqliteStore> OpenAsync(CommandContext context, ApplianceHome home, CancellationToken cancellationToken)
    {
        var options = ConfigurationReader.Load(home, context.Variable);
        try
        {
            return await SqliteStore.OpenReadOnlyAsync(ApplianceParts.StoreOptionsOf(home, options), NullLogger<SqliteStore>.Instance, cancellationToken);
        }
        catch (StoreUnavailableException error)
        {
            throw new CommandException(ExitCodes.Environment, error.Message, "'agentpki doctor' says more.", error);
        }
    }
}
