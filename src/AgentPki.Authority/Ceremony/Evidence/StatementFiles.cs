using System.Globalization;
using AgentPki.Authority.Ceremony.Quorum;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Officers' statements as files: <c>NAME.txt</c> is what was signed, <c>NAME.sig</c> the signature.</summary>
internal static class StatementFiles
{
    /// <summary>What statements about the end begin with, before the officer's name.</summary>
    public const string ClosePrefix = "close-";

    /// <summary>Keeps a statement for the record that will have that number.</summary>
    /// <returns>The facts that name it.</returns>
    public static (string Name, string? Value)[] Keep(EvidenceFolder folder, int number, string officer, SignedStatement statement) =>
        Keep(folder, NameOf(number, officer), statement);

    public static (string Name, string? Value)[] Keep(EvidenceFolder folder, string name, SignedStatement statement)
    {
        var path = Path.Combine(folder.Statements, name + ".txt");
        DurableFile.Write(Path.ChangeExtension(path, ".sig"), statement.Signature.Span);
        DurableFile.Write(path, statement.Text.Span);
        return [("statement", folder.Relative(path)), ("statement-sha256", TranscriptRecord.DigestOf(statement.Text.Span)), ("signature-sha256", TranscriptRecord.DigestOf(statement.Signature.Span))];
    }

    /// <summary>The statement that a record names.</summary>
    /// <exception cref="CeremonyException">It is not there, or another.</exception>
    public static SignedStatement Read(EvidenceFolder folder, TranscriptRecord record)
    {
        var path = Path.Combine(folder.Statements, NameOf(record.Number, record["officer"] ?? "") + ".txt");
        var relative = folder.Relative(path);
        if (record["statement"] != relative || !File.Exists(path) || !File.Exists(Path.ChangeExtension(path, ".sig")))
        {
            throw new CeremonyException($"Record {record.Number} names a statement that is not there ({record["statement"]}).");
        }

        var statement = new SignedStatement(File.ReadAllBytes(path), File.ReadAllBytes(Path.ChangeExtension(path, ".sig")));
        return TranscriptRecord.DigestOf(statement.Text.Span) == record["statement-sha256"] && TranscriptRecord.DigestOf(statement.Signature.Span) == record["signature-sha256"]
            ? statement
            : throw new CeremonyException($"The statement {relative} is not the one that record {record.Number} names: it was changed.");
    }

    private static string NameOf(int number, string officer) => string.Create(CultureInfo.InvariantCulture, $"{number:D6}-{officer}");
}
