using System.CommandLine;
using System.Globalization;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Notes;
using AgentPki.Server.Home;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki audit prove</c> and <c>agentpki audit export</c>: what leaves the home and verifies on another machine.</summary>
internal static class AuditProveCommand
{
    internal static Verb Create(CommandContext context)
    {
        var index = new Argument<long>("index") { Description = "Of the entry." };
        var details = new Option<bool>("--details") { Description = "Give salt and details with it: whoever has the proof can read them." };
        var to = new Option<string?>("--to") { Description = "Write it to this file (entry-42.tlog-proof) instead of printing it." };
        return new Verb("prove", "Proves that an entry is in the ledger, as one text that verifies offline (C2SP tlog-proof): 'agentpki audit verify --proof FILE'.",
            "agentpki audit prove 42 > entry-42.tlog-proof",
            "agentpki audit prove 42 --details --to entry-42.tlog-proof")
            .With(index, details, to)
            .Runs((parsed, cancellationToken) => ProveAsync(context, parsed.GetValue(index), parsed.GetValue(details), parsed.GetValue(to), cancellationToken));
    }

    internal static Verb CreateExport(CommandContext context)
    {
        var to = new Option<string>("--to") { Description = "The file to write.", Required = true };
        return new Verb("export", "Writes the whole ledger with its checkpoints and cosignatures to a file that verifies on another machine: 'agentpki audit verify --export FILE'. It has the details: keep it as the database.",
            "agentpki audit export --to /media/auditor/ledger.jsonl")
            .With(to)
            .Runs((parsed, cancellationToken) => ExportAsync(context, parsed.GetRequiredValue(to), cancellationToken));
    }

    private static async Task<int> ProveAsync(CommandContext context, long index, bool withDetails, string? to, CancellationToken cancellationToken)
    {
        await using var store = await AuditCommand.OpenAsync(context, context.Home(), cancellationToken);
        ILedgerStore ledger = store;
        if (await ledger.FindAsync(index, cancellationToken) is not { } record)
        {
            throw new CommandException(ExitCodes.Usage, string.Create(CultureInfo.InvariantCulture, $"The ledger has no entry {index}."), "'agentpki audit search' finds entries.");
        }

        if (await ledger.LatestCheckpointAsync(cancellationToken) is not { } checkpoint || checkpoint.Checkpoint.Size <= index)
        {
            throw new CommandException(ExitCodes.Environment, string.Create(CultureInfo.InvariantCulture, $"No head over entry {index} was signed yet."), "The running appliance signs one within its checkpointInterval; 'agentpki audit checkpoint' has it done now.");
        }

        if (withDetails && record.IsErased)
        {
            throw new CommandException(ExitCodes.Refused, string.Create(CultureInfo.InvariantCulture, $"The details of entry {index} were erased."), "Prove it without --details.");
        }

        var path = await new MerkleProver(ledger).InclusionProofAsync(index, checkpoint.Checkpoint.Size, cancellationToken);
        var proof = TlogProof.Of(record, path, checkpoint, withDetails).ToString();
        if (to is null)
        {
            await context.Terminal.RawOutput.WriteAsync(proof.AsMemory(), cancellationToken);
        }
        else
        {
            Write(to, () => PrivateFile.Write(to, proof));
        }

        return ExitCodes.Success;
    }

    private static async Task<int> ExportAsync(CommandContext context, string to, CancellationToken cancellationToken)
    {
        await using var store = await AuditCommand.OpenAsync(context, context.Home(), cancellationToken);
        var extent = await store.ExtentAsync(cancellationToken);
        var temporary = to + ".new";
        try
        {
            await using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite, Options = FileOptions.Asynchronous }))
            {
                await LedgerExport.WriteAsync(store, file, cancellationToken);
                await file.FlushAsync(cancellationToken);
            }

            File.Move(temporary, to, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Environment, $"{to} cannot be written: {error.Message}", "Name a file on a disk with space.", error);
        }

        context.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Exported log {extent.LogId}, {extent.Size} entries or more, to {to}. With the key that 'agentpki audit key' prints it verifies anywhere."));
        return ExitCodes.Success;
    }

    private static void Write(string to, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Environment, $"{to} cannot be written: {error.Message}", "Name another file.", error);
        }
    }
}
