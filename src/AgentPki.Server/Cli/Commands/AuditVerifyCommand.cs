using System.CommandLine;
using System.Globalization;
using AgentPki.Client.Verification;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Verification;
using AgentPki.Server.Audit;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using Spectre.Console;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki audit verify</c>: the home's ledger, an export, a published ledger by its URL, or one proof.</summary>
internal static class AuditVerifyCommand
{
    internal static Verb Create(CommandContext context)
    {
        var key = new Option<string[]>("--key") { Description = "The ledger's public key, kept elsewhere: a PEM file, or what 'agentpki audit key' prints; may be repeated. The home's own anchors unless told." };
        var checkpoints = new Option<string?>("--checkpoints") { Description = "File with checkpoints kept elsewhere; the home's own unless told." };
        var witness = new Option<string[]>("--witness") { Description = "A witness to believe, as 'agentpki witness show' prints its key, or a file with such; may be repeated." };
        var quorum = new Option<int?>("--quorum") { Description = "How many of them must have cosigned; all unless told." };
        var export = new Option<string?>("--export") { Description = "Verify this export ('agentpki audit export') instead of the home." };
        var url = new Option<string?>("--url") { Description = "Verify a published ledger: http://HOST:PORT/log/ID/EPOCH." };
        var since = new Option<string?>("--since") { Description = "With --url: a head that was verified before (--save); only what came after it is fetched." };
        var save = new Option<string?>("--save") { Description = "With --url: write the verified head to this file, for the next --since." };
        var proof = new Option<string?>("--proof") { Description = "Verify one entry's proof ('agentpki audit prove'), offline." };
        return new Verb(
            "verify",
            "Recomputes the whole ledger and names every entry that was changed, removed, reordered or cut off. Exit code 1 when it finds one. Needs no server and believes none.",
            "agentpki audit verify",
            "agentpki audit verify --key /media/auditor/ledger.pem --checkpoints /media/auditor/ledger.txt",
            "agentpki audit verify --export ledger.jsonl --key ledger.vkey --witness witnesses.txt --quorum 2",
            "agentpki audit verify --url http://pki.example.org:8080/log/8f…/1 --key ledger.vkey --since last.txt --save last.txt",
            "agentpki audit verify --proof entry-42.tlog-proof --key ledger.vkey")
            .With(key, checkpoints, witness, quorum, export, url, since, save, proof)
            .Runs((parsed, cancellationToken) =>
            {
                var elsewhere = parsed.GetValue(export) ?? parsed.GetValue(url) ?? parsed.GetValue(proof);
                if (elsewhere is null)
                {
                    _ = ConfigurationReader.Load(context.Home(), context.Variable);
                }

                var trust = AuditTrust.Read(parsed.GetValue(key) ?? [], parsed.GetValue(witness) ?? [], parsed.GetValue(quorum), elsewhere is null ? context.Home().LedgerKeys : []);
                if (parsed.GetValue(url) is { } address)
                {
                    return PublishedAsync(context, PublishedLedger.AddressOf(address), trust, parsed.GetValue(since), parsed.GetValue(save), cancellationToken);
                }

                return parsed.GetValue(proof) is { } file ? ProofAsync(context, file, trust, cancellationToken)
                    : parsed.GetValue(export) is { } exported ? ExportAsync(context, exported, trust, parsed.GetValue(checkpoints), cancellationToken)
                    : HomeAsync(context, trust, parsed.GetValue(checkpoints), cancellationToken);
            });
    }

    private static async Task<int> HomeAsync(CommandContext context, AuditTrust trust, string? checkpointsFile, CancellationToken cancellationToken)
    {
        var home = context.Home();
        await using var store = await AuditCommand.OpenAsync(context, home, cancellationToken);
        var options = await OptionsAsync(trust, checkpointsFile ?? home.Checkpoints, cancellationToken);
        return await VerifyAsync(context, store, options with { Evidence = store }, cancellationToken);
    }

    private static async Task<int> ExportAsync(CommandContext context, string file, AuditTrust trust, string? checkpointsFile, CancellationToken cancellationToken)
    {
        try
        {
            return await VerifyAsync(context, await LedgerExport.OpenAsync(file, cancellationToken), await OptionsAsync(trust, checkpointsFile, cancellationToken), cancellationToken);
        }
        catch (InvalidDataException error)
        {
            throw new CommandException(ExitCodes.CheckFailed, error.Message, "Have it exported again, and compare with how it was sent.", error);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCodes.Usage, $"{file} cannot be read: {error.Message}", "Name an export with --export.", error);
        }
    }

    private static async Task<LedgerVerifierOptions> OptionsAsync(AuditTrust trust, string? checkpointsFile, CancellationToken cancellationToken) => new()
    {
        TrustedKeys = [.. trust.Keys],
        Witnesses = trust.Witnesses,
        ExternalCheckpoints = checkpointsFile is not null && File.Exists(checkpointsFile) ? CheckpointFile.Split(await File.ReadAllTextAsync(checkpointsFile, cancellationToken)) : [],
    };

    private static async Task<int> VerifyAsync(CommandContext context, ILedgerReader log, LedgerVerifierOptions options, CancellationToken cancellationToken)
    {
        var result = await WithProgressAsync(context, progress => LedgerVerifier.VerifyAsync(log, ProviderList.SoftwareOnly, options, progress, cancellationToken));
        Report(context, result);
        return result.IsIntact ? ExitCodes.Success : ExitCodes.CheckFailed;
    }

    private static async Task<int> PublishedAsync(CommandContext context, Uri address, AuditTrust trust, string? since, string? save, CancellationToken cancellationToken)
    {
        var known = since is not null && File.Exists(since) ? await KnownAsync(since, trust, cancellationToken) : null;
        using var ledger = new PublishedLedger(address);
        var head = await ledger.HeadAsync(cancellationToken);
        var why = trust.WhyNot(head, ProviderList.SoftwareOnly);
        if (why is null && known is not null && known.Checkpoint.Origin != head.Checkpoint.Origin)
        {
            throw new CommandException(ExitCodes.Usage, $"{since} is a head of {known.Checkpoint.Origin}, not of {head.Checkpoint.Origin}.", "After a restore begin anew without --since, and compare what 'agentpki witness adopt' compares.");
        }

        try
        {
            why ??= await WithProgressAsync(context, async progress => await ledger.Tiles.WhyNotGrownAsync(head.Checkpoint, known?.Checkpoint, progress, cancellationToken));
        }
        catch (InvalidDataException error)
        {
            why = error.Message.TrimEnd('.');
        }

        if (why is not null)
        {
            context.Terminal.Markup($"[red]{Markup.Escape(string.Create(CultureInfo.InvariantCulture, $"The head of {head.Checkpoint.Size} entries does not stand: {why}."))}[/]");
            return ExitCodes.CheckFailed;
        }

        if (save is not null)
        {
            PrivateFile.Write(save, head.ToString());
        }

        context.Terminal.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"The published ledger stands: {head.Checkpoint.Size} entries, {(known is null ? "all of them read" : $"{head.Checkpoint.Size - known.Checkpoint.Size} read since the head of {known.Checkpoint.Size}")}{CosignedBy(trust, head)}."));
        context.Terminal.Line($"Root {head.Checkpoint.Root.ToBase64()} of {head.Checkpoint.Origin}.");
        return ExitCodes.Success;
    }

    private static async Task<SignedCheckpoint> KnownAsync(string file, AuditTrust trust, CancellationToken cancellationToken)
    {
        // Witnesses are asked of the new head: what was believed before was believed then.
        var text = await File.ReadAllTextAsync(file, cancellationToken);
        return (SignedCheckpoint.TryParse(text, out var known, out var error) || (CheckpointFile.Split(text) is [.., var last] && SignedCheckpoint.TryParse(last, out known, out error)))
            && (trust with { Witnesses = CosignaturePolicy.None }).WhyNot(known, ProviderList.SoftwareOnly) is not { } why
                ? known
                : throw new CommandException(ExitCodes.Usage, $"{file} is no head of this log that can be believed.", "Name a file that was written with --save, or a checkpoint that was kept.");
    }

    private static async Task<int> ProofAsync(CommandContext context, string file, AuditTrust trust, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
        {
            throw new CommandException(ExitCodes.Usage, $"There is no file {file}.", "Name a proof that 'agentpki audit prove' made.");
        }

        if (!InclusionProof.TryParse(await File.ReadAllTextAsync(file, cancellationToken), out var proof, out var error) || !SignedCheckpoint.TryParse(proof.Checkpoint, out var checkpoint, out error))
        {
            throw new CommandException(ExitCodes.CheckFailed, $"{file} is no proof of an entry: {error}.", "Have it made again with 'agentpki audit prove'.");
        }

        // One key of the log is enough; a second that has signed too must verify.
        var origin = checkpoint.Checkpoint.Origin;
        var why = trust.WhyNot(checkpoint, ProviderList.SoftwareOnly);
        var key = trust.Keys.FirstOrDefault(k => NoteKey.Create(origin, k).Verify(checkpoint.Note, ProviderList.SoftwareOnly) == true);
        if (why is null && key is not null && new InclusionVerifier(key, origin, ProviderList.SoftwareOnly, trust.Witnesses).Verify(proof) is InclusionResult.NotShown(var reason))
        {
            why = reason;
        }

        if (why is not null)
        {
            context.Terminal.Markup($"[red]{Markup.Escape($"The proof does not stand: {why}.")}[/]");
            return ExitCodes.CheckFailed;
        }

        context.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Entry {proof.Record.Leaf.Index} is in {origin} of {checkpoint.Checkpoint.Size} entries{CosignedBy(trust, checkpoint)}:"));
        context.Terminal.Line(AuditCommand.Describe(proof.Record));
        return ExitCodes.Success;
    }

    private static string CosignedBy(AuditTrust trust, SignedCheckpoint head) =>
        trust.Witnesses.Verify(head.Note, ProviderList.SoftwareOnly) is { Count: > 0 } names ? $", cosigned by {string.Join(", ", names)}" : "";

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
        foreach (var (name, size) in result.WitnessedBy)
        {
            context.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{name} has cosigned {size} entries."));
        }

        context.Terminal.Line($"Root {result.Head.Root.ToBase64()} of log {result.Head.LogId}.");
    }

    private static async Task<T> WithProgressAsync<T>(CommandContext context, Func<IProgress<long>?, Task<T>> verify) =>
        context.Terminal.Interactive
            ? await context.Terminal.Out.Status().StartAsync("verifying", status => verify(new Progress<long>(done => status.Status(string.Create(CultureInfo.InvariantCulture, $"verifying, {done} entries so far")))))
            : await verify(null);
}
