using System.CommandLine;
using System.Globalization;
using AgentPki.Cryptography;
using AgentPki.Ledger.Notes;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Recovery;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki restore</c></summary>
internal static class RestoreCommand
{
    internal static Command Create(CommandContext context)
    {
        var source = new Argument<string>("source") { Description = "A backup (FILE.apb), or the folder that an appliance has shipped to." };
        var home = new Option<string>("--home") { Description = "The new home: a folder that is empty or not there.", Required = true };
        var officer = new Option<string[]>("--officer") { Description = "An officer and his key, NAME=FILE or 'NAME=card KIND LABEL'; once for each. Passphrases and PINs are asked for." };
        var key = new Option<string?>("--key") { Description = "The ledger's public key as it was kept elsewhere (anchors/ledger.pem of the lost home)." };
        var log = new Option<string?>("--log") { Description = "The log that it must be; an archive of another appliance is refused." };
        var head = new Option<string[]>("--head") { Description = "A file with signed heads that somebody else has kept: a copy of checkpoints/ledger.txt, or a witness's." };
        var witness = new Option<string[]>("--witness") { Description = "A witness to ask how far the log had gone, URL=KEY as 'agentpki witness show' prints its key; must answer. Those that the archive's configuration names are asked too, if they answer." };
        var acceptLost = new Option<long>("--accept-lost") { Description = "How many entries are known to be lost and are given up." };
        var pin = new Option<string?>("--pin") { Description = "A file with the token's PIN, to be copied into the new home; a backup has none." };
        return new Verb(
            "restore",
            "Makes a new home from a backup, with enough officers to open it, and begins a new epoch of the ledger. Writes over nothing.",
            "agentpki restore /media/agentpki-1-4711.apb --home /var/lib/agentpki --officer alice=/media/a/alice.key --officer carol=/media/c/carol.key",
            "agentpki restore /mnt/shipped --home /var/lib/agentpki --key /media/ledger.pem --head /media/witness.txt --officer …",
            "agentpki restore /mnt/shipped --home /var/lib/agentpki --key /media/ledger.pem --witness http://witness.example.org:8090=witness.example.org/w1+aa23c7f1+BJ… --officer …")
            .With(source)
            .With(home, officer, key, log, head, witness, acceptLost, pin)
            .Runs(async (parsed, cancellationToken) =>
            {
                string At(string path) => Path.GetFullPath(path, context.WorkingFolder);
                var request = new RestoreRequest(At(parsed.GetRequiredValue(source)), new ApplianceHome(At(parsed.GetRequiredValue(home))))
                {
                    Log = parsed.GetValue(log),
                    KeyFile = parsed.GetValue(key) is { } kept ? At(kept) : null,
                    Heads = [.. (parsed.GetValue(head) ?? []).Select(At)],
                    Witnesses = WitnessesOf(parsed.GetValue(witness) ?? []),
                    AcceptLost = parsed.GetValue(acceptLost),
                    PinFile = parsed.GetValue(pin) is { } file ? At(file) : null,
                };
                var outcome = await new RestoreRun(context, request).RunAsync(OfficersAtHand.ByKeys(context, context.Home(), parsed.GetValue(officer) ?? []), cancellationToken);
                Tell(context, request, outcome);
                return ExitCodes.Success;
            });
    }

    /// <summary>Each <c>URL=KEY</c>; a URL that is given twice is one witness with two keys.</summary>
    private static List<WitnessReference> WitnessesOf(IReadOnlyList<string> texts)
    {
        var keys = new List<(Uri Url, NoteKey Key)>();
        foreach (var text in texts)
        {
            if (text.Split('=', 2) is not [var url, var vkey] || !Uri.TryCreate(url, UriKind.Absolute, out var prefix) || (prefix.Scheme != Uri.UriSchemeHttp && prefix.Scheme != Uri.UriSchemeHttps)
                || !NoteKey.TryParse(vkey, out var key) || !key.Type.IsTimestamped)
            {
                throw new CommandException(ExitCodes.Usage, $"--witness {text} is no witness's URL and key.", "Write --witness URL=KEY, the key as 'agentpki witness show' prints it.");
            }

            keys.Add((prefix, key));
        }

        return [.. keys.GroupBy(k => k.Url).Select(g => new WitnessReference(g.Key, [.. g.Select(k => k.Key)]))];
    }

    private static void Tell(CommandContext context, RestoreRequest request, RestoreOutcome outcome)
    {
        Output.Facts(
            context.Terminal,
            [
                ("home", request.Target.Root),
                ("log", outcome.Log),
                ("epoch", outcome.Epoch.ToString(CultureInfo.InvariantCulture)),
                ("ledger", string.Create(CultureInfo.InvariantCulture, $"{outcome.Entries} entries, {outcome.Commits} commits of them shipped after the base")),
                ("lost", outcome.Lost is (var first, var last) ? string.Create(CultureInfo.InvariantCulture, $"entries {first} to {last}") : "nothing that is known of"),
                .. outcome.Keys.Select(k => ($"key of {k.Name}", k.Method switch
                {
                    KeyBackup.TokenFiles => $"came along in the token's files ({k.Provider}); bring its PIN",
                    KeyBackup.Wrapped => $"is wrapped for another token: 'agentpki ceremony' with a restore-key step brings it into one ({k.Provider}/{k.Label})",
                    KeyBackup.CloningDomain => $"comes by the token's own cloning: connect a token of its domain ({k.Provider}/{k.Label})",
                    _ => $"has no backup: connect its token ({k.Provider}/{k.Label}), or give the CA a successor",
                })),
            ]);
        context.Terminal.Line($"Now serve it with {CommandContext.HomeVariable}={request.Target.Root}, and do what docs/recovery.md says of certificates that are not known here and of revocations that were lost.");
        context.Terminal.Line("The old machine must never serve again.");
    }
}
