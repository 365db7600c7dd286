using System.Globalization;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>The records of a folder, each verified against the one before it and the transcript's key.</summary>
/// <param name="Records">As far as they could be read.</param>
/// <param name="Head">SHA-256 of the last one.</param>
/// <param name="Leftovers">What a write that the power ended may have left: the signature of a record that is not there, a scratch file. Full paths.</param>
public sealed record RecordChain(IReadOnlyList<TranscriptRecord> Records, string Head, IReadOnlyList<string> Problems, IReadOnlyList<string> Leftovers)
{
    private const long MostRecords = 100_000;

    public static RecordChain Read(EvidenceFolder folder, PublicKey key, CryptoProviders providers)
    {
        var (records, problems, head) = (new List<TranscriptRecord>(), new List<string>(), TranscriptRecord.Nothing);
        for (var number = 0; File.Exists(folder.Record(number)) && number < MostRecords; number++)
        {
            var name = folder.Relative(folder.Record(number));
            if (new FileInfo(folder.Record(number)).Length > FactSheet.MaximumSize)
            {
                problems.Add($"{name} is longer than any record");
                break;
            }

            var encoded = File.ReadAllBytes(folder.Record(number));
            if (TranscriptRecord.Parse(encoded, out var problem) is not { } record)
            {
                problems.Add($"{name}: {problem}");
                break;
            }

            if (record.Number != number)
            {
                problems.Add($"{name} is record {record.Number}: records were exchanged or removed");
            }

            if (record.Previous != head)
            {
                problems.Add($"{name} does not follow the record before it: a record was changed, removed or inserted");
            }

            if (records.Count > 0 && record.Ceremony != records[0].Ceremony)
            {
                problems.Add($"{name} is of another ceremony ({record.Ceremony})");
            }

            if (!File.Exists(folder.RecordSignature(number)) || !providers.Verify(key, SignatureAlgorithm.EcdsaSha256, encoded, File.ReadAllBytes(folder.RecordSignature(number))))
            {
                problems.Add($"{name} is not signed by the transcript's key: it was changed");
            }

            records.Add(record);
            head = TranscriptRecord.DigestOf(encoded);
        }

        var strangers = Strangers(folder, records.Count).ToLookup(path => IsUnfinished(path, folder, records.Count));
        problems.AddRange(strangers[false].Select(path => $"{folder.Relative(path)} belongs to no record: records were removed, or it was added"));
        return new RecordChain(records, head, problems, [.. strangers[true]]);
    }

    // A gap hides what comes after it.
    private static IEnumerable<string> Strangers(EvidenceFolder folder, int count)
    {
        if (!Directory.Exists(folder.Records))
        {
            return [];
        }

        return Directory.EnumerateFileSystemEntries(folder.Records).Select(p => (Path: p, Name: Path.GetFileNameWithoutExtension(p)))
            .Where(f => !int.TryParse(f.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || f.Name.Length != EvidenceFolder.NumberDigits || number >= count || Path.GetExtension(f.Path) is not (".txt" or ".sig"))
            .Select(f => f.Path);
    }

    // A signature whose record the power took: the next record replaces it.
    private static bool IsUnfinished(string path, EvidenceFolder folder, int count) => path == folder.RecordSignature(count) || path.EndsWith(".new", StringComparison.Ordinal);
}
