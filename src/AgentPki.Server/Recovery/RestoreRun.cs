using System.Collections.Immutable;
using System.Globalization;
using AgentPki.Authority.Recovery;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Verification;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Recovery;

/// <summary>
/// Makes a new home from a backup, or from what was shipped: everything is read and verified before anything is written, the officers sign the new epoch, and
/// the home is there when it is whole, or not at all.
/// </summary>
internal sealed class RestoreRun(CommandContext context, RestoreRequest request)
{
    /// <summary>The statement that officers make of a new epoch.</summary>
    internal const string Statement = "begin-epoch";

    /// <exception cref="CommandException">It was refused, or could not be done; nothing of it is left.</exception>
    public async Task<RestoreOutcome> RunAsync(OfficerAsked ask, CancellationToken cancellationToken)
    {
        try
        {
            // 1. What can be known without officers: an empty place, an archive of that log, signed by its key, and how far others have seen the log go.
            StagedHome.RequireEmpty(request.Target);
            var source = await RestoreSource.FindAsync(request.Source, KeptKey(), cancellationToken);
            var header = source.Header;
            RequireLog(header);
            var heads = await KnownHeads.Read(request.Heads, header.Head.LogId, header.LedgerKey)
                .AndOfWitnessesAsync(request.Witnesses, header.Head, header.LedgerKey, isRequired: true, context.Terminal, cancellationToken);

            // 2. With enough officers all of it is read and verified once, and nothing is written.
            await using var officers = await OfficersAtHand.GatherAsync(header.Officers, ask, cancellationToken);
            context.Terminal.Line("Verifying the archive; nothing is written yet.");
            await source.ReadAsync(officers, static (_, _, _) => Task.CompletedTask, cancellationToken);
            var (commits, head) = await source.ReadTailAsync(officers, static _ => { }, cancellationToken);
            var lost = heads.LostAfter(head);
            RequireAccepted(lost);

            // 3. The home, beside its place; its ledger is verified before the officers sign anything.
            using var staged = StagedHome.Create(request.Target);
            await FillAsync(source, staged, officers, head, cancellationToken);
            var options = ConfigurationReader.Load(staged.Home, context.Variable);

            // The appliance's own witnesses too, whom the archive names: one that is away now is passed over.
            var others = options.Ledger.Witnesses.Where(w => request.Witnesses.All(asked => asked.Url != w.Url)).ToList();
            heads = await heads.AndOfWitnessesAsync(others, header.Head, header.LedgerKey, isRequired: false, context.Terminal, cancellationToken);
            RequireAccepted(lost = heads.LostAfter(head));
            await RequireIntactAsync(staged.Home, options, header, heads, head, cancellationToken);
            CopyPin(staged.Home, options);

            // 4. A new epoch, signed by the quorum, that cites the furthest head known of the one before.
            var epoch = await BeginEpochAsync(staged.Home, options, header, heads, head, lost, commits, officers, cancellationToken);
            staged.Complete();
            return new RestoreOutcome(head.LogId.ToString(), epoch, head.Size, header.Certificates, commits, lost, header.Keys);
        }
        catch (Exception error) when (error is ArchiveException or StoreUnavailableException or InvalidDataException or IOException or UnauthorizedAccessException or KeyUnavailableException)
        {
            throw new CommandException(
                error is ArchiveException or InvalidDataException ? ExitCodes.Refused : ExitCodes.Environment,
                $"Nothing was restored: {error.Message}",
                error is ArchiveException or InvalidDataException ? "Take another backup, and keep this one as evidence." : "Mend that and run the command again: it begins anew.",
                error);
        }
    }

    private PublicKey? KeptKey() => request.KeyFile is not { } path ? null
        : Pem.TryReadPublicKey(path) ?? throw new CommandException(ExitCodes.Usage, $"{path} holds no public key that this program knows.", "Name the ledger's key, as it was kept elsewhere, with --key FILE.");

    private void RequireLog(ArchiveHeader header)
    {
        if (request.Log is { } log && log != header.Head.LogId.ToString())
        {
            throw new CommandException(ExitCodes.Refused, $"The archive is of another appliance: its log is {header.Head.LogId}, not {log}.", "Take a backup of that appliance.");
        }
    }

    private void RequireAccepted((long First, long Last)? lost)
    {
        if (lost is (var first, var last) && request.AcceptLost != last - first + 1)
        {
            var count = last - first + 1;
            throw new CommandException(
                ExitCodes.Refused,
                string.Create(CultureInfo.InvariantCulture, $"The log had gone further than this archive: entries {first} to {last} are lost ({count})."),
                string.Create(CultureInfo.InvariantCulture, $"Look for a later backup, or for what was shipped. If there is none, say so with --accept-lost {count}; docs/recovery.md says what follows for what they were about."));
        }
    }

    private static async Task FillAsync(RestoreSource source, StagedHome staged, OfficersAtHand officers, LedgerHead head, CancellationToken cancellationToken)
    {
        DatabaseRestore? database = null;
        try
        {
            await source.ReadAsync(
                officers,
                async (name, content, token) =>
                {
                    if (name == ArchiveContent.Database)
                    {
                        database = await DatabaseRestore.BeginAsync(DatabasePath(staged.Home), content, token);
                    }
                    else
                    {
                        await staged.WriteAsync(name, content, token);
                    }
                },
                cancellationToken);
            var filling = database ?? throw new ArchiveException("The archive has no database.");
            await source.ReadTailAsync(officers, filling.Apply, cancellationToken);
        }
        finally
        {
            database?.Dispose();
        }
    }

    /// <exception cref="CommandException">The archive's configuration has it outside of the home.</exception>
    private static string DatabasePath(ApplianceHome staged)
    {
        // The configuration comes before the database in every archive.
        var options = ConfigurationReader.Load(staged, _ => null);
        var path = staged.Resolve(options.Database);
        if (!path.StartsWith(staged.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new CommandException(ExitCodes.Usage, $"The archive's configuration has the database at {options.Database}, outside of the home.", "Restore to a machine where that is a path in the home, or set 'database:' to one before the next backup.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path) ?? staged.Root);
        return path;
    }

    /// <summary>Every entry, record and signed head of the restored ledger, and every head that others have kept, as far as it goes.</summary>
    private async Task RequireIntactAsync(ApplianceHome staged, ApplianceOptions options, ArchiveHeader header, KnownHeads heads, LedgerHead head, CancellationToken cancellationToken)
    {
        await using var store = await SqliteStore.OpenReadOnlyAsync(ApplianceParts.StoreOptionsOf(staged, options), NullLogger<SqliteStore>.Instance, cancellationToken);
        if (await store.HeadAsync(cancellationToken) is var restored && restored != head)
        {
            throw new ArchiveException(string.Create(CultureInfo.InvariantCulture, $"The restored ledger is not the archive's: its root over {restored.Size} entries is another."));
        }

        var within = heads.All.Where(h => h.Epoch == head.Epoch && h.Checkpoint.Size <= head.Size).ToList();
        foreach (var (_, checkpoint) in within)
        {
            if (await new Ledger.Merkle.MerkleProver(store).RootAsync(checkpoint.Size, cancellationToken) != checkpoint.Root)
            {
                throw new CommandException(
                    ExitCodes.Refused,
                    string.Create(CultureInfo.InvariantCulture, $"Nothing was restored: the first {checkpoint.Size} entries of the archive are not those that the given head was signed over: the log was forked."),
                    "Keep both as evidence, and find out who has signed two histories.");
            }
        }

        context.Terminal.Line("Verifying the restored ledger.");
        var external = File.Exists(staged.Checkpoints) ? CheckpointFile.Split(await File.ReadAllTextAsync(staged.Checkpoints, cancellationToken)) : [];
        var verified = await LedgerVerifier.VerifyAsync(store, ProviderList.SoftwareOnly, new LedgerVerifierOptions { TrustedKeys = [header.LedgerKey], ExternalCheckpoints = external, Evidence = store }, null, cancellationToken);
        if (!verified.IsIntact)
        {
            throw new ArchiveException($"The archive's ledger is not intact: {verified.Findings[0]}");
        }
    }

    private async Task<long> BeginEpochAsync(
        ApplianceHome staged, ApplianceOptions options, ArchiveHeader header, KnownHeads heads, LedgerHead head, (long First, long Last)? lost, long commits, OfficersAtHand officers, CancellationToken cancellationToken)
    {
        var time = context.Clock.GetUtcNow();
        var last = Math.Max(head.Epoch, heads.Newest?.Epoch ?? 0);
        var lostText = lost is (var first, var end) ? string.Create(CultureInfo.InvariantCulture, $"{first} to {end}") : null;
        var statements = await officers.SignAsync(Statement, time, About(header, head, heads, last + 1, lostText), cancellationToken);
        await using var store = await SqliteStore.OpenAsync(ApplianceParts.StoreOptionsOf(staged, options) with { AllowSetBack = true }, context.Clock, NullLogger<SqliteStore>.Instance, cancellationToken);
        for (var epoch = head.Epoch; epoch <= last; epoch++)
        {
            // One for each that others have seen: no epoch is ever begun twice.
            var known = heads.All.Where(h => h.Epoch == epoch).Select(h => h.Checkpoint).MaxBy(c => c.Size);
            var previous = epoch == head.Epoch && (known is null || known.Size <= head.Size) ? Checkpoint.Of(head) : known;
            var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            facts.Add(RecoveryFacts.Archive, header.Id);
            facts.Add(RecoveryFacts.Size, header.Head.Size.ToString(CultureInfo.InvariantCulture));
            facts.Add(RecoveryFacts.Root, header.Head.Root.ToBase64());
            facts.Add(RecoveryFacts.Shipped, commits.ToString(CultureInfo.InvariantCulture));
            facts.Add(RecoveryFacts.Officers, string.Join(", ", officers.Names));
            facts.Add(RecoveryFacts.Statements, statements);
            if (lostText is not null && epoch == head.Epoch)
            {
                facts.Add(RecoveryFacts.Lost, lostText);
            }

            store.BeginEpoch(previous, time, $"officers:{string.Join(',', officers.Names)}", facts.ToImmutable());
        }

        return last + 1;
    }

    private static (string Name, string Value)[] About(ArchiveHeader header, LedgerHead head, KnownHeads heads, long epoch, string? lost) =>
    [
        ("log", head.LogId.ToString()),
        ("epoch", epoch.ToString(CultureInfo.InvariantCulture)),
        ("archive", header.Id),
        ("ledger-key-sha256", Convert.ToHexStringLower(header.LedgerKey.Fingerprint())),
        ("head-size", head.Size.ToString(CultureInfo.InvariantCulture)),
        ("head-root", head.Root.ToBase64()),
        ("known-size", (heads.Newest?.Checkpoint.Size ?? head.Size).ToString(CultureInfo.InvariantCulture)),
        ("known-root", (heads.Newest?.Checkpoint.Root ?? head.Root).ToBase64()),
        ("lost", lost ?? "none known"),
    ];

    private void CopyPin(ApplianceHome staged, ApplianceOptions options)
    {
        if (request.PinFile is not { } path)
        {
            return;
        }

        var target = staged.Resolve(options.Tokens[0].PinFile);
        if (!target.StartsWith(staged.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new CommandException(ExitCodes.Usage, $"The configuration has the PIN at {options.Tokens[0].PinFile}, outside of the home.", "Put it there, and leave --pin out.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target) ?? staged.Root);
        PrivateFile.Write(target, File.ReadAllBytes(path));
    }
}
