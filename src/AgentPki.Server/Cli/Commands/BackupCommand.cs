using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Cryptography;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Home;
using AgentPki.Server.Recovery;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki backup</c>, <c>backup show|verify</c></summary>
internal static class BackupCommand
{
    internal static Command Create(CommandContext context)
    {
        var target = new Argument<string?>("file") { Description = "Where it is brought to; without it, it stays in the appliance's folder of backups.", Arity = ArgumentArity.ZeroOrOne };
        var file = new Argument<string>("file") { Description = "A backup, or a folder that an appliance has shipped to." };
        var officer = new Option<string[]>("--officer") { Description = "An officer and his key, NAME=FILE or 'NAME=card KIND LABEL'; with enough of them the content is verified too." };
        var key = new Option<string?>("--key") { Description = "The ledger's public key as it was kept elsewhere." };
        return new Verb("backup", "Writes the whole appliance, while it serves, into one file that only its officers together can open.", "agentpki backup", "agentpki backup /mnt/elsewhere/today.apb")
            .With(
                target,
                new Verb("show", "Shows what a backup is, of which log and who opens it. Needs nobody's key.", "agentpki backup show /mnt/elsewhere/today.apb")
                    .With(file)
                    .Runs((parsed, cancellationToken) => ShowAsync(context, parsed.GetRequiredValue(file), cancellationToken)),
                new Verb("verify", "Verifies who signed a backup; with enough officers, every octet of it. Writes nothing.", "agentpki backup verify today.apb --key ledger.pem --officer alice=alice.key --officer bob=bob.key")
                    .With(file)
                    .With(officer, key)
                    .Runs((parsed, cancellationToken) => VerifyAsync(context, parsed.GetRequiredValue(file), parsed.GetValue(key), parsed.GetValue(officer) ?? [], cancellationToken)))
            .Runs((parsed, cancellationToken) => MakeAsync(context, parsed.GetValue(target), cancellationToken));
    }

    private static async Task<int> MakeAsync(CommandContext context, string? file, CancellationToken cancellationToken)
    {
        var target = file is null ? null : Path.GetFullPath(file, context.WorkingFolder);
        if (target is not null && File.Exists(target))
        {
            throw new CommandException(ExitCodes.Usage, $"{target} is there already; no backup is written over.", "Name another file.");
        }

        using var admin = new AdminConnection(context, TimeSpan.FromHours(6));
        var made = await context.Terminal.WorkAsync("writing the backup", () => admin.PostAsync("backups", AdminJson.Default.BackupView, cancellationToken));
        if (target is not null)
        {
            await BringAsync(made, target, cancellationToken);
        }

        Output.Facts(
            context.Terminal,
            [
                ("backup", target ?? made.Path),
                ("id", made.Id),
                ("ledger", string.Create(CultureInfo.InvariantCulture, $"{made.Entries} entries, {made.Certificates} certificates")),
                ("octets", made.Octets.ToString(CultureInfo.InvariantCulture)),
                ("SHA-256", made.Sha256),
                ("opened by", string.Create(CultureInfo.InvariantCulture, $"{made.Quorum} of {string.Join(", ", made.Officers)}")),
                .. made.Keys.Select(k => ($"key of {k.Authority}", $"{k.Method} ({k.Provider}/{k.Label})")),
            ]);
        context.Terminal.Line("No PIN is in it. What is issued from now on is not in it: see 'agentpki doctor' for the recovery point.");
        return ExitCodes.Success;
    }

    /// <summary>To another disk, verified there, before it goes here.</summary>
    private static async Task BringAsync(BackupView made, string target, CancellationToken cancellationToken)
    {
        var part = target + ".part";
        try
        {
            await using (var source = File.OpenRead(made.Path))
            await using (var copy = new FileStream(part, FileMode.Create, FileAccess.ReadWrite))
            {
                await source.CopyToAsync(copy, cancellationToken);
                RandomAccess.FlushToDisk(copy.SafeFileHandle);
                copy.Position = 0;
                if (Convert.ToHexStringLower(await SHA256.HashDataAsync(copy, cancellationToken)) != made.Sha256)
                {
                    throw new IOException("what arrived is not what was sent");
                }
            }

            File.Move(part, target);
            File.Delete(made.Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(part);
            throw new CommandException(ExitCodes.Environment, $"The backup could not be brought to {target}: {error.Message}", $"It is whole in {made.Path}: copy it from there.", error);
        }
    }

    private static async Task<int> ShowAsync(CommandContext context, string path, CancellationToken cancellationToken)
    {
        var source = await FindAsync(context, path, null, cancellationToken);
        Tell(context, source);
        return ExitCodes.Success;
    }

    private static async Task<int> VerifyAsync(CommandContext context, string path, string? key, string[] named, CancellationToken cancellationToken)
    {
        var kept = key is null ? null
            : Pem.TryReadPublicKey(Path.GetFullPath(key, context.WorkingFolder)) ?? throw new CommandException(ExitCodes.Usage, $"{key} holds no public key that this program knows.", "Name the ledger's key with --key FILE.");
        try
        {
            var source = await FindAsync(context, path, kept, cancellationToken);
            Tell(context, source);
            if (named.Length == 0)
            {
                context.Terminal.Line("The header is signed by the ledger's key. The content was not looked at: that takes officers.");
                return ExitCodes.Success;
            }

            await using var officers = await OfficersAtHand.GatherAsync(source.Header.Officers, OfficersAtHand.ByKeys(context, context.Home(), named), cancellationToken);
            var files = await source.ReadAsync(officers, static (_, _, _) => Task.CompletedTask, cancellationToken);
            var (commits, head) = await source.ReadTailAsync(officers, static _ => { }, cancellationToken);
            context.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Whole: {files.Count} files, {files.Sum(f => f.Length)} octets{(source.IsShipped ? $", and {commits} commits up to entry {head.Size - 1}" : "")}."));
            return ExitCodes.Success;
        }
        catch (ArchiveException error)
        {
            context.Terminal.Fail(error.Message, "Keep it as evidence, and make another backup.");
            return ExitCodes.CheckFailed;
        }
    }

    private static async Task<RestoreSource> FindAsync(CommandContext context, string path, PublicKey? key, CancellationToken cancellationToken)
    {
        try
        {
            return await RestoreSource.FindAsync(Path.GetFullPath(path, context.WorkingFolder), key, cancellationToken);
        }
        catch (ArchiveException error) when (key is null)
        {
            throw new CommandException(ExitCodes.CheckFailed, error.Message, "Keep it as evidence, and make another backup.", error);
        }
    }

    private static void Tell(CommandContext context, RestoreSource source)
    {
        var header = source.Header;
        Output.Facts(
            context.Terminal,
            [
                ("archive", $"{header.Kind.ToString().ToLowerInvariant()} {header.Id}"),
                ("appliance", $"{header.Appliance}, AgentPki {header.Software}"),
                ("made", Output.Time(header.Created)),
                ("log", header.Head.LogId.ToString()),
                ("ledger", string.Create(CultureInfo.InvariantCulture, $"{header.Head.Size} entries of epoch {header.Head.Epoch}, root {header.Head.Root.ToBase64()}")),
                ("certificates", header.Certificates.ToString(CultureInfo.InvariantCulture)),
                ("ledger key", Convert.ToHexStringLower(header.LedgerKey.Fingerprint())),
                ("opened by", string.Create(CultureInfo.InvariantCulture, $"{header.Officers.Quorum} of {string.Join(", ", header.Officers.Officers.Select(o => o.Name))}")),
                .. header.Keys.Select(k => ($"key of {k.Name}", $"{k.Method.ToText()} ({k.Provider}/{k.Label})")),
            ]);
    }
}
