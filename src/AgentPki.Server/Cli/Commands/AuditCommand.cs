using System.CommandLine;
using System.Globalization;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Verification;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki audit verify|show|key|checkpoint</c>. All but the last read the database and need no server.</summary>
internal static class AuditCommand
{
    private static readonly CryptoProviders Verifiers = new(new PlatformProvider(), new BouncyCastleProvider());

    internal static Command Create(CommandContext context)
    {
        var key = new Option<string?>("--key") { Description = "PEM file with the ledger's public key, kept elsewhere; anchors/ledger.pem of the home unless told." };
        var checkpoints = new Option<string?>("--checkpoints") { Description = "File with checkpoints kept elsewhere; the home's own unless told." };
        var limit = new Option<int>("--limit") { Description = "At most so many, the newest.", DefaultValueFactory = _ => 20 };
        return new Verb("audit", "The ledger of every decision: verify it, read it, sign its head.", "agentpki audit verify", "agentpki audit show --limit 50")
            .With(
                new Verb(
                    "verify",
                    "Recomputes the whole ledger offline and names every entry that was changed, removed, reordered or cut off. Exit code 1 when it finds one.",
                    "agentpki audit verify",
                    "agentpki audit verify --key /media/auditor/ledger.pem --checkpoints /media/auditor/ledger.txt")
                    .With(key, checkpoints)
                    .Runs((parsed, cancellationToken) => VerifyAsync(context, parsed.GetValue(key), parsed.GetValue(checkpoints), cancellationToken)),
                new Verb("show", "Prints the newest entries, oldest first.", "agentpki audit show", "agentpki audit show --limit 500 | grep Refused")
                    .With(limit)
                    .Runs((parsed, cancellationToken) => ShowAsync(context, parsed.GetValue(limit), cancellationToken)),
                new Verb("key", "Prints what the ledger's heads are verified with, as C2SP tools and 'agentpki witness add' take it. After a restore it is another one.", "agentpki audit key")
                    .Runs((_, cancellationToken) => KeyAsync(context, cancellationToken)),
                new Verb("checkpoint", "Has the running appliance sign the ledger's head and prints the note, to be kept elsewhere.", "agentpki audit checkpoint > /media/auditor/today.txt")
                    .Runs((_, cancellationToken) => CheckpointAsync(context, cancellationToken)));
    }

    private static async Task<int> VerifyAsync(CommandContext context, string? keyFile, string? checkpointsFile, CancellationToken cancellationToken)
    {
        var home = context.Home();
        await using var store = await OpenAsync(context, home, cancellationToken);
        var key = Pem.TryReadPublicKey(keyFile ?? home.LedgerKey)
            ?? throw new CommandException(ExitCodes.Usage, $"{keyFile ?? home.LedgerKey} holds no public key that this program knows.", "Name the ledger's key with --key FILE.");
        var external = checkpointsFile ?? home.Checkpoints;
        var options = new LedgerVerifierOptions
        {
            TrustedKeys = [key],
            ExternalCheckpoints = File.Exists(external) ? CheckpointFile.Split(await File.ReadAllTextAsync(external, cancellationToken)) : [],
            Evidence = store,
        };
        var result = await WithProgressAsync(context, progress => LedgerVerifier.VerifyAsync(store, Verifiers, options, progress, cancellationToken));
        Report(context, result);
        return result.IsIntact ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    private static void Report(CommandContext context, LedgerVerification result)
    {
        foreach (var finding in result.Findings)
        {
            context.Terminal.Markup($"[red]{Markup.Escape(finding.ToString())}[/]");
        }

        foreach (var restore in result.Restores)
        {
            context.Terminal.Markup($"[yellow]{Markup.Escape(restore)}[/]");
        }

        var numbers = string.Create(CultureInfo.InvariantCulture, $"{result.Head.Size} entries, {result.Certificates} certificate records, {result.CheckpointsVerified} signed checkpoints covering {result.CoveredSize} entries, {result.Erased} erased");
        context.Terminal.Line(result.IsIntact ? $"The ledger is intact: {numbers}." : string.Create(CultureInfo.InvariantCulture, $"The ledger is NOT intact: {result.FindingCount} findings in {numbers}."));
        context.Terminal.Line($"Root {result.Head.Root.ToBase64()} of log {result.Head.LogId}.");
    }

    private static async Task<LedgerVerification> WithProgressAsync(CommandContext context, Func<IProgress<long>?, Task<LedgerVerification>> verify) =>
        context.Terminal.Interactive
            ? await context.Terminal.Out.Status().StartAsync("verifying", status => verify(new Progress<long>(done => status.Status(string.Create(CultureInfo.InvariantCulture, $"verifying, {done} entries so far")))))
            : await verify(null);

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

    private static string Describe(LedgerRecord entry)
    {
        var details = entry.Details;
        var facts = details is null ? "(erased)" : $"{details.Actor}  {string.Join(' ', details.Facts.Select(f => $"{f.Key}={f.Value}"))}";
        return string.Create(CultureInfo.InvariantCulture, $"{entry.Leaf.Index,8}  {Output.Time(entry.Leaf.Time)}  {entry.Leaf.Kind,-22}  {facts}");
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
        using var admin = new AdminConnection(context.Home());
        var checkpoint = await admin.PostAsync("audit/checkpoint", AdminJson.Default.CheckpointView, cancellationToken);
        context.Terminal.Raw(checkpoint.Note);
        return ExitCodes.Success;
    }

    private static async Task<SqliteStore> OpenAsync(CommandContext context, ApplianceHome home, CancellationToken cancellationToken)
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
