using System.CommandLine;
using System.Globalization;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;
using AgentPki.Server.Audit;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Logging;
using AgentPki.Server.Witnessing;
using Microsoft.Extensions.Hosting.Systemd;
using Spectre.Console;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki witness init|add|adopt|serve|show</c>: an independent witness of ledgers; needs no appliance.</summary>
internal static class WitnessCommand
{
    internal static Command Create(CommandContext context)
    {
        var home = new Option<string?>("--home") { Description = $"The witness's folder; ${WitnessHome.Variable} or .agentpki-witness unless told.", Recursive = true };
        var name = new Option<string>("--name") { Description = "The name of its keys: a URL without its scheme.", Required = true };
        var listen = new Option<string>("--listen") { Description = "Where it takes heads.", DefaultValueFactory = _ => WitnessOptions.DefaultListen };
        var kind = new Option<string?>("--token-kind") { Description = "Keep its keys in a token of this kind (a folder in hsm-config/); without, in files of its home." };
        var module = new Option<string?>("--token-module") { Description = "The token's PKCS#11 module, where the kind does not say." };
        var label = new Option<string>("--token-label") { Description = "The token's label.", DefaultValueFactory = _ => "agentpki-witness" };
        var pin = new Option<string?>("--pin-file") { Description = "The file with the token's PIN." };
        var keys = new Argument<string[]>("vkey") { Description = "The log's verifier keys, as 'agentpki audit key' prints them.", Arity = ArgumentArity.OneOrMore };
        var adopted = new Argument<string>("vkey") { Description = "The new epoch's verifier key ('agentpki audit key')." };
        var proof = new Option<string>("--proof") { Description = "The proof of the entry that began the epoch ('agentpki audit prove INDEX --details').", Required = true };
        var url = new Option<string>("--url") { Description = "Where the new epoch is published: http://HOST:PORT/log/ID/EPOCH.", Required = true };
        var yes = new Option<bool>("--yes") { Description = "Do not ask." };
        return new Verb("witness", "An independent witness: cosigns heads of ledgers that only grew, and keeps the evidence of those that did not.", "agentpki witness init --name witness.example.org/w1")
            .With(
                home,
                new Verb("init", "Makes a witness's home and keys, and prints what its cosignatures are verified with.",
                    "agentpki witness init --name witness.example.org/w1 --listen 0.0.0.0:8090",
                    "agentpki witness init --name witness.example.org/w1 --token-kind softhsm --token-label witness --pin-file /etc/agentpki-witness/pin")
                    .With(name, listen, kind, module, label, pin)
                    .Runs((parsed, cancellationToken) => InitAsync(
                        context, HomeOf(context, parsed.GetValue(home)), parsed.GetRequiredValue(name), parsed.GetRequiredValue(listen),
                        parsed.GetValue(kind) is { } token ? (token, parsed.GetValue(module), parsed.GetRequiredValue(label), parsed.GetValue(pin)) : null, cancellationToken)),
                new Verb("add", "Watches a log from now on; a running witness needs no restart.", "agentpki witness add agentpki.internal/log/8f…/1+c74f20a3+ARpc2Qc…")
                    .With(keys)
                    .Runs((parsed, _) => Task.FromResult(Add(context, HomeOf(context, parsed.GetValue(home)), parsed.GetRequiredValue(keys)))),
                new Verb("adopt", "Watches the new epoch of a restored log, after checking that it contains what was cosigned of the old one and owns up to what is lost; shows both and asks.",
                    "agentpki witness adopt agentpki.internal/log/8f…/2+c74f20a3+ARpc2Qc… --proof epoch-2.tlog-proof --url http://pki.example.org:8080/log/8f…/2")
                    .With(adopted, proof, url, yes)
                    .Runs((parsed, cancellationToken) => AdoptAsync(
                        context, HomeOf(context, parsed.GetValue(home)), parsed.GetRequiredValue(adopted), parsed.GetRequiredValue(proof), PublishedLedger.AddressOf(parsed.GetRequiredValue(url)), parsed.GetValue(yes), cancellationToken)),
                new Verb("serve", "Takes heads (C2SP tlog-witness); logs to standard error as JSON lines; tells systemd when it is ready.", "agentpki witness serve --home /var/lib/agentpki-witness")
                    .Runs((parsed, cancellationToken) => ServeAsync(context, HomeOf(context, parsed.GetValue(home)), cancellationToken)),
                new Verb("show", "Prints its keys, the logs it watches, the last head of each, and what it has refused and kept. Exit code 1 when a log was forked.", "agentpki witness show")
                    .Runs((parsed, cancellationToken) => ShowAsync(context, HomeOf(context, parsed.GetValue(home)), cancellationToken)));
    }

    private static WitnessHome HomeOf(CommandContext context, string? told) =>
        new(Path.GetFullPath(told ?? (context.Variable(WitnessHome.Variable) is { Length: > 0 } home ? home : ".agentpki-witness"), context.WorkingFolder));

    private static async Task<int> InitAsync(
        CommandContext context, WitnessHome home, string name, string listen, (string Kind, string? Module, string Label, string? Pin)? token, CancellationToken cancellationToken)
    {
        if (token is { Pin: null })
        {
            throw new CommandException(ExitCodes.Usage, "A token's PIN comes from a file.", "Name it with --pin-file.");
        }

        try
        {
            Directory.CreateDirectory(home.Keys);
            Directory.CreateDirectory(home.Logs);
            if (!File.Exists(home.ConfigurationFile))
            {
                var place = token is { } t ? $"token:\n  kind: {t.Kind}\n{(t.Module is null ? "" : $"  module: {t.Module}\n")}  label: {t.Label}\n  pinFile: {Path.GetFullPath(t.Pin ?? "", context.WorkingFolder)}\n" : "";
                PrivateFile.WriteDurably(home.ConfigurationFile, $"name: {name}\nlisten: {listen}\nrequestsPerSecond: 100   # of one address\n{place}");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Environment, $"The witness's home cannot be made: {error.Message}", "Name a folder that can be written with --home.", error);
        }

        var options = WitnessOptions.Load(home);
        if (options.Name != name)
        {
            throw new CommandException(ExitCodes.Usage, $"The witness in {home.Root} is named {options.Name}.", "Another name is another witness: give it another --home.");
        }

        using var homeLock = HomeLock.Take(new ApplianceHome(home.Root));
        using var loggers = LoggerSetup.ToStandardError(new LogOptions(LogLevel.Warning, 16, 4), context.Clock);
        await using var keys = await WitnessKeys.OpenAsync(home, options, make: true, context.Clock, loggers, cancellationToken);
        PrintKeys(context, options, keys);
        return ExitCodes.Success;
    }

    private static int Add(CommandContext context, WitnessHome home, string[] vkeys)
    {
        _ = WitnessOptions.Load(home);
        var folder = new WitnessFolder(home);
        var keys = vkeys.Select(text => NoteKey.TryParse(text, out var key) && (key.Type == NoteSignatureType.Ed25519 || key.Type == NoteSignatureType.Ecdsa || key.Type == NoteSignatureType.MlDsa44)
            ? key
            : throw new CommandException(ExitCodes.Usage, $"'{text}' is no log's verifier key.", "Copy it as 'agentpki audit key' prints it.")).ToList();
        foreach (var key in keys)
        {
            context.Terminal.Line(folder.Add(key) ? $"Watching {key.Name} with key {key.Id:x8} ({key.Type})." : $"Key {key.Id:x8} of {key.Name} is known already.");
        }

        return ExitCodes.Success;
    }

    private static async Task<int> AdoptAsync(CommandContext context, WitnessHome home, string vkey, string proofFile, Uri url, bool yes, CancellationToken cancellationToken)
    {
        _ = WitnessOptions.Load(home);
        var folder = new WitnessFolder(home);
        if (!NoteKey.TryParse(vkey, out var key) || !Checkpoint.TryParseOrigin(key.Name, out var logId, out var epoch))
        {
            throw new CommandException(ExitCodes.Usage, $"'{vkey}' is no verifier key of a ledger.", "Copy it as 'agentpki audit key' prints it.");
        }

        if (!File.Exists(proofFile) || !InclusionProof.TryParse(await File.ReadAllTextAsync(proofFile, cancellationToken), out var shown, out _))
        {
            throw new CommandException(ExitCodes.Usage, $"{proofFile} is no proof of an entry.", "Have the appliance's operator make it: 'agentpki audit prove INDEX --details'.");
        }

        // The newest epoch of that log that was watched.
        var old = folder.Logs.Select(log => log.Origin).Where(origin => Checkpoint.TryParseOrigin(origin, out var other, out var earlier) && other == logId && earlier < epoch)
            .MaxBy(origin => Checkpoint.TryParseOrigin(origin, out _, out var earlier) ? earlier : 0)
            ?? throw new CommandException(ExitCodes.Usage, $"No earlier epoch of log {logId} is watched here.", "Watch it as a new log with 'agentpki witness add'.");
        using var ledger = new PublishedLedger(url);
        var finding = await Adoption.ExamineAsync(old, folder.Last(old)?.Checkpoint, folder.History(old), key, shown, ledger, cancellationToken);
        Output.Facts(context.Terminal, finding.Facts);
        if (finding.Problem is { } problem)
        {
            throw new CommandException(ExitCodes.CheckFailed, $"It is not adopted: {problem}.", "Ask the appliance's operator; until it is clear this witness cosigns nothing of it.");
        }

        if (!yes && !(context.Terminal.Interactive && await context.Terminal.Out.ConfirmAsync("Watch the new epoch from now on?", defaultValue: false, cancellationToken)))
        {
            throw new CommandException(ExitCodes.Refused, "It was not adopted.", "Type it again with --yes where nobody can be asked.");
        }

        folder.Add(key);
        context.Terminal.Line($"Watching {key.Name} with key {key.Id:x8} ({key.Type}).");
        return ExitCodes.Success;
    }

    private static async Task<int> ServeAsync(CommandContext context, WitnessHome home, CancellationToken cancellationToken)
    {
        var options = WitnessOptions.Load(home);
        using var homeLock = HomeLock.Take(new ApplianceHome(home.Root));
        using var loggers = LoggerSetup.ToStandardError(new LogOptions(LogLevel.Information, 16, 4), context.Clock);
        await using var keys = await WitnessKeys.OpenAsync(home, options, make: false, context.Clock, loggers, cancellationToken);
        await using var host = await WitnessHost.StartAsync(home, options, keys, context.Variable, context.Clock, loggers, cancellationToken);
        context.Terminal.Line($"Witness {options.Name} takes heads at http://{options.Listen}.");
        var systemd = new SystemdNotifier();
        systemd.Notify(ServiceState.Ready);
        await Waiting.UntilCancelledAsync(cancellationToken);
        systemd.Notify(ServiceState.Stopping);
        return ExitCodes.Success;
    }

    private static async Task<int> ShowAsync(CommandContext context, WitnessHome home, CancellationToken cancellationToken)
    {
        var options = WitnessOptions.Load(home);
        using var loggers = LoggerSetup.ToStandardError(new LogOptions(LogLevel.Warning, 16, 4), context.Clock);
        await using (var keys = await WitnessKeys.OpenAsync(home, options, make: false, context.Clock, loggers, cancellationToken))
        {
            PrintKeys(context, options, keys);
        }

        var folder = new WitnessFolder(home);
        var forked = false;
        foreach (var log in folder.Logs)
        {
            context.Terminal.Line();
            context.Terminal.Line(log.Origin);
            context.Terminal.Line(folder.Last(log.Origin)?.Checkpoint is { } last ? string.Create(CultureInfo.InvariantCulture, $"  last cosigned: {last.Size} entries, root {last.Root.ToBase64()}") : "  nothing cosigned yet");
            foreach (var file in folder.Evidence(log.Origin))
            {
                var isFork = Path.GetFileName(file).StartsWith("fork-", StringComparison.Ordinal);
                forked |= isFork;
                context.Terminal.Line($"  {(isFork ? "FORKED: both heads are in" : "refused, without proof of a fork:")} {file}");
            }
        }

        return forked ? ExitCodes.CheckFailed : ExitCodes.Success;
    }

    private static void PrintKeys(CommandContext context, WitnessOptions options, WitnessKeys keys)
    {
        context.Terminal.Line($"Witness {options.Name}, keys kept as {string.Join(", ", keys.All.Select(key => key.Protection.ToText()).Distinct())}. Its cosignatures are verified with:");
        foreach (var key in keys.All)
        {
            context.Terminal.Raw(NoteKey.CreateCosigner(options.Name, key.PublicKey).ToString());
        }
    }
}
