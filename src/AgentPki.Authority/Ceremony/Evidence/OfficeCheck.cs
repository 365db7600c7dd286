using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Whether each new officer stated, with the key of his file, that he takes the office among exactly the officers that the ceremony made.</summary>
internal sealed class OfficeCheck(EvidenceFolder folder, CryptoProviders providers, Func<string, byte[]?> read, Action<string> problem)
{
    public void Run(IReadOnlyList<TranscriptRecord> records)
    {
        foreach (var record in records.Where(r => r.Kind == RecordKinds.OfficerAccepted))
        {
            // The roster that was made is the next one to be recorded, in this try or in one after it.
            var made = records.Skip(record.Number).FirstOrDefault(r => r is { Kind: RecordKinds.Object } && r["what"] == "officers");
            if (Read(made) is not { } json || !OfficerRoster.TryParse(json, providers, out var roster, out _))
            {
                problem("a new officer took an office among officers whom no record names");
            }
            else if (Read(record) is not { } file || !Officer.TryParse(file, providers, out var officer, out _) || officer.Name != record["officer"] || roster.Find(officer.Name)?.Fingerprint != officer.Fingerprint)
            {
                problem($"record {record.Number}: the file of the new officer is not that of {record["officer"]}");
            }
            else
            {
                CheckStatement(record, roster);
            }
        }
    }

    private void CheckStatement(TranscriptRecord record, OfficerRoster roster)
    {
        try
        {
            var count = new QuorumCount(roster, providers, StatementKinds.AcceptOffice, ("ceremony", record.Ceremony), ("roster-sha256", roster.Sha256));
            if (count.Add(StatementFiles.Read(folder, record)) is { } wrong)
            {
                problem($"record {record.Number}: the approval does not count: {wrong}");
            }
        }
        catch (CeremonyException e)
        {
            problem(e.Message.TrimEnd('.'));
        }
    }

    private byte[]? Read(TranscriptRecord? record) => record?["file"] is { } relative && folder.Resolve(relative) is { } path ? read(path) : null;
}
