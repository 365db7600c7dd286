using System.Globalization;
using System.Security.Cryptography;

namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>One record of a ceremony's transcript: what happened, in the order in which it did, each record naming the digest of the one before.</summary>
/// <param name="Number">From 0, without a gap.</param>
/// <param name="Kind">A word of <see cref="RecordKinds"/>.</param>
/// <param name="Previous">SHA-256 of the record before, hexadecimal; 64 zeros in the first.</param>
/// <param name="Sheet">The whole record.</param>
public sealed record TranscriptRecord(int Number, string Kind, string Ceremony, string Previous, DateTimeOffset Time, FactSheet Sheet)
{
    internal const string SheetKind = "agentpki-transcript/1";

    /// <summary>How many facts stand before those of the kind: ceremony, number, time, record, previous.</summary>
    internal const int HeaderFacts = 5;

    /// <summary>What the first record names as the one before it.</summary>
    public static string Nothing { get; } = new('0', 64);

    public string? this[string name] => Sheet[name];

    internal static FactSheet ToSheet(string ceremony, int number, DateTimeOffset time, string kind, string previous, ReadOnlySpan<(string Name, string? Value)> facts) => FactSheet.Of(
        SheetKind,
        [
            ("ceremony", ceremony),
            ("number", number.ToString(CultureInfo.InvariantCulture)),
            ("time", Instants.ToText(time)),
            ("record", kind),
            ("previous", previous),
            .. facts,
        ]);

    internal static string DigestOf(ReadOnlySpan<byte> encoded) => Convert.ToHexStringLower(SHA256.HashData(encoded));

    /// <summary>Null with the reason when the octets are no record.</summary>
    internal static TranscriptRecord? Parse(ReadOnlySpan<byte> encoded, out string? problem)
    {
        if (!FactSheet.TryParse(encoded, out var sheet, out problem))
        {
            return null;
        }

        if (sheet.Kind != SheetKind || sheet["ceremony"] is not { } ceremony || !int.TryParse(sheet["number"], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !Instants.TryParse(sheet["time"], out var time) || sheet["record"] is not { } kind || sheet["previous"] is not { } previous)
        {
            problem = "it is not a record of a transcript";
            return null;
        }

        return new TranscriptRecord(number, kind, ceremony, previous, time, sheet);
    }
}
