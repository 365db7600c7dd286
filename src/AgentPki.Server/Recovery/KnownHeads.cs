using System.Globalization;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Notes;
using AgentPki.Protocols.Witness;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;

namespace AgentPki.Server.Recovery;

/// <summary>
/// Heads of the log that somebody else has kept: a witness, an auditor, a copy of the checkpoint file. They tell how far the log had gone, and so what a backup has lost.
/// </summary>
internal sealed record KnownHeads(IReadOnlyList<(long Epoch, Checkpoint Checkpoint)> All)
{
    /// <summary>So many epochs from the archive's on: restores of which the archive knows nothing.</summary>
    private const int EpochsAskedFor = 8;

    /// <summary>The furthest of the newest epoch; null: none is known.</summary>
    public (long Epoch, Checkpoint Checkpoint)? Newest => All.Count == 0 ? null : All.OrderBy(h => h.Epoch).ThenBy(h => h.Checkpoint.Size).Last();

    /// <summary>Reads files of signed notes, one or several in each.</summary>
    /// <exception cref="CommandException">One is of another log, or not signed by the ledger's key.</exception>
    public static KnownHeads Read(IEnumerable<string> files, LogId log, PublicKey ledgerKey)
    {
        var heads = new List<(long, Checkpoint)>();
        foreach (var file in files)
        {
            foreach (var note in CheckpointFile.Split(ReadText(file) + "\n"))
            {
                heads.Add(Parse(note, file, log, ledgerKey));
            }
        }

        return new KnownHeads(heads);
    }

    /// <summary>These, and the last that witnesses have cosigned, of the archive's epoch and of later ones.</summary>
    /// <param name="witnesses">Asked each by its URL; what it says it must have cosigned with one of its keys.</param>
    /// <param name="isRequired">Whether one that does not answer ends the restore; else it is said and passed over.</param>
    /// <exception cref="CommandException">One does not answer, or its head is not signed as it should be.</exception>
    public async Task<KnownHeads> AndOfWitnessesAsync(IReadOnlyList<WitnessReference> witnesses, LedgerHead head, PublicKey ledgerKey, bool isRequired, Terminal terminal, CancellationToken cancellationToken)
    {
        var heads = new List<(long Epoch, Checkpoint Checkpoint)>(All);
        foreach (var witness in witnesses)
        {
            using var client = new WitnessClient(witness.Url, witness.Keys);
            var before = heads.Count;
            try
            {
                for (var epoch = head.Epoch; epoch < head.Epoch + EpochsAskedFor; epoch++)
                {
                    if (await client.LastAsync(Checkpoint.OriginOf(head.LogId, epoch), cancellationToken) is { } last)
                    {
                        heads.Add(Verified(last, witness, head.LogId, ledgerKey));
                    }
                }
            }
            catch (Exception silence) when (silence is HttpRequestException || (silence is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                var why = $"The witness {client.Name} at {witness.Url} cannot be asked how far the log had gone: {silence.Message.TrimEnd('.')}.";
                if (isRequired)
                {
                    throw new CommandException(ExitCodes.Environment, $"Nothing was restored: {why}", "Wait until it answers, or give a head that it has kept with --head FILE; leave --witness out only if nobody can say how far the log had gone.", silence);
                }

                terminal.Line(why);
                continue;
            }

            terminal.Line(heads.Count == before
                ? $"The witness {client.Name} has seen nothing of this log since the archive's epoch."
                : string.Create(CultureInfo.InvariantCulture, $"The witness {client.Name} has last seen {heads[^1].Checkpoint.Size} entries of epoch {heads[^1].Epoch}."));
        }

        return new KnownHeads(heads);
    }

    /// <summary>What of the log is known to be lost when it goes on from a head; null: nothing is known to be.</summary>
    public (long First, long Last)? LostAfter(LedgerHead head) =>
        All.Where(h => h.Epoch == head.Epoch && h.Checkpoint.Size > head.Size).Select(h => h.Checkpoint.Size - 1).DefaultIfEmpty(-1).Max() is var last and >= 0 ? (head.Size, last) : null;

    private static (long, Checkpoint) Verified(SignedCheckpoint last, WitnessReference witness, LogId log, PublicKey ledgerKey) =>
        witness.Keys.Any(key => key.Verify(last.Note, ProviderList.SoftwareOnly) == true)
            ? Parse(last.ToString(), $"The witness {witness.Keys[0].Name}", log, ledgerKey)
            : throw Wrong($"The witness at {witness.Url} gives a head that {witness.Keys[0].Name} has not cosigned with the given key.");

    private static (long, Checkpoint) Parse(string note, string file, LogId log, PublicKey ledgerKey)
    {
        if (!SignedCheckpoint.TryParse(note, out var signed, out var problem))
        {
            throw Wrong($"{file} holds what is no signed head: {problem}.");
        }

        var checkpoint = signed.Checkpoint;
        if (!Checkpoint.TryParseOrigin(checkpoint.Origin, out var origin, out var epoch) || origin != log)
        {
            throw Wrong($"{file} has a head of another log ({checkpoint.Origin}), not of {log}.");
        }

        return NoteKey.Create(checkpoint.Origin, ledgerKey).Verify(signed.Note, ProviderList.SoftwareOnly) == true
            ? (epoch, checkpoint)
            : throw Wrong(string.Create(CultureInfo.InvariantCulture, $"{file} has a head of size {checkpoint.Size} that the ledger's key has not signed."));
    }

    private static string ReadText(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCodes.Usage, $"{file} cannot be read: {error.Message}", "Name a file with signed heads: a copy of checkpoints/ledger.txt, or what a witness gives.", error);
        }
    }

    private static CommandException Wrong(string message) => new(ExitCodes.Refused, message, "Find out where it comes from before anything else: a foreign head means another appliance's archive, or that somebody has forked the log.");
}
