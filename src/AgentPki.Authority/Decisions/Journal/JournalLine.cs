using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Authority.Decisions.Journal;

/// <summary>
/// A line of the decision log: a JSON object that begins with its number and the hash of the line before it. The hash is RFC 9162's of a leaf, over the line without its end, so that the
/// same hash makes the chain and the trees of the anchors.
/// </summary>
internal static class JournalLine
{
    private const string Start = "{\"seq\":";
    private const string Previous = ",\"prev\":\"";

    /// <summary>The members that the writer adds: <c>{"seq":1,"prev":"…",</c>.</summary>
    public static byte[] Prefix(long sequence, in MerkleHash previous) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Start}{sequence}{Previous}{previous}\","));

    /// <summary>Reads number and predecessor of a line.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out long sequence, [NotNullWhen(true)] out string? previous)
    {
        (sequence, previous) = (0, null);
        if (!line.StartsWith(Encoding.ASCII.GetBytes(Start)) || !Utf8Parser.TryParse(line[Start.Length..], out sequence, out var digits))
        {
            return false;
        }

        var rest = line[(Start.Length + digits)..];
        var hash = 2 * MerkleHash.Size;
        if (rest.Length < Previous.Length + hash + 2 || !rest.StartsWith(Encoding.ASCII.GetBytes(Previous)) || rest[Previous.Length + hash] != (byte)'"')
        {
            return false;
        }

        previous = Encoding.ASCII.GetString(rest.Slice(Previous.Length, hash));
        return true;
    }
}
