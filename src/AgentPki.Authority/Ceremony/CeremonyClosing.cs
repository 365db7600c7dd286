using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Authority.Ceremony.Steps;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony;

/// <summary>
/// The end of a ceremony: the minutes are written, a quorum signs the digests of the last record and of the minutes, the ledger takes both, and its proof
/// is put beside. Then the transcript's key is deleted.
/// </summary>
internal sealed class CeremonyClosing(CeremonyPlan plan, Transcript transcript, CeremonySetting setting)
{
    public async Task<bool> CloseAsync(CancellationToken cancellationToken)
    {
        // The minutes name verify.sh by its digest, so that who signs them signs it.
        DurableFile.Write(setting.Folder.VerifyScript, setting.VerifyScript.Span, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        var minutes = CeremonyMinutes.Write(plan, transcript.Records, transcript.Head, TranscriptRecord.DigestOf(setting.VerifyScript.Span));
        DurableFile.Write(setting.Folder.Minutes, minutes);
        var about = StatementKinds.OfEnd(plan, transcript.Head, TranscriptRecord.DigestOf(minutes));
        var count = new QuorumCount(plan.Roster, setting.SoftwareProviders, StatementKinds.Close, about);
        TakeWhatThereIs(count);
        using var pins = new PinGathering(setting.Home, setting.Room, NeededPins.User);
        var needed = Math.Max(plan.Roster.Quorum, pins.Threshold);
        var present = new HashSet<string>(StringComparer.Ordinal);
        while (!count.IsMet() || !pins.IsComplete)
        {
            var key = await setting.Room.AskOfficerAsync(new OfficerRequest("sign the end of the ceremony", plan.Roster, present, needed), cancellationToken);
            if (key is null)
            {
                return false;
            }

            await using (key)
            {
                if (!present.Add(key.Officer.Name))
                {
                    setting.Room.Warn($"{key.Officer.Name} has signed already: another officer is needed.");
                    continue;
                }

                if (!count.Officers.Contains(key.Officer.Name))
                {
                    var signed = await key.SignAsync(OfficerStatement.Of(StatementKinds.Close, setting.Time.GetUtcNow(), [.. about.Select(a => (a.Name, (string?)a.Value))]), cancellationToken);
                    if (count.Add(signed) is { } problem)
                    {
                        present.Remove(key.Officer.Name);
                        setting.Room.Warn($"That does not count: {problem}.");
                        continue;
                    }

                    StatementFiles.Keep(setting.Folder, StatementFiles.ClosePrefix + key.Officer.Name, signed);
                }

                if (await pins.TakeAsync(key, cancellationToken) is { } shareProblem)
                {
                    throw new CeremonyException($"{shareProblem}. Resume with another officer.");
                }

                setting.Room.Tell($"{key.Officer.FullName} has signed the end ({present.Count} of {needed}).");
            }
        }

        await SealAsync(pins, TranscriptRecord.DigestOf(minutes), count, cancellationToken);
        Transcript.Forget(setting.KeyFile);
        return true;
    }

    // A try before was cut off after some had signed: their statements name this very end, or they are of no use.
    private void TakeWhatThereIs(QuorumCount count)
    {
        foreach (var text in Directory.EnumerateFiles(setting.Folder.Statements, $"{StatementFiles.ClosePrefix}*.txt").Order(StringComparer.Ordinal))
        {
            var signature = Path.ChangeExtension(text, ".sig");
            if (!File.Exists(signature) || count.Add(new SignedStatement(File.ReadAllBytes(text), File.ReadAllBytes(signature))) is not null)
            {
                File.Delete(text);
                File.Delete(signature);
            }
        }

        foreach (var signature in Directory.EnumerateFiles(setting.Folder.Statements, $"{StatementFiles.ClosePrefix}*.sig").Where(s => !File.Exists(Path.ChangeExtension(s, ".txt"))).ToList())
        {
            File.Delete(signature);
        }
    }

    private async Task SealAsync(PinGathering pins, string minutes, QuorumCount count, CancellationToken cancellationToken)
    {
        try
        {
            await using var open = await setting.Home.OpenAsync(pins.Open(), cancellationToken);
            await RosterLedger.CheckAsync(open.Environment, setting.Home, cancellationToken);
            await RosterLedger.RecordAsync(open.Environment, setting.Home, $"ceremony:{plan.Id}", cancellationToken);
            var seal = await LedgerSeal.CommitAsync(open.Environment, setting.Home.KeyPrefix, plan, transcript.Head, minutes, [.. count.Officers.Order(StringComparer.Ordinal)], cancellationToken);
            seal.Write(setting.Folder);
            await setting.Home.WriteAnchorsAsync(open, cancellationToken);
            setting.Room.Tell($"The ledger holds the end of the ceremony as entry {seal.Record.Leaf.Index}{(seal.Checkpoint is null ? "; it has no checkpoint key yet, so that no head is signed over it" : "")}.");
        }
        catch (Exception failure) when (failure is KeyUnavailableException or Store.StoreUnavailableException)
        {
            throw new CeremonyException($"The ledger cannot take the end of the ceremony: {failure.Message} Mend that and resume.", failure);
        }
    }
}
