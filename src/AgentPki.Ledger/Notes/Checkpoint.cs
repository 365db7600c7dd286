using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Notes;

/// <summary>A statement about a log: so many leaves, this head. C2SP tlog-checkpoint, without extension lines.</summary>
/// <param name="Origin">Which log, see <see cref="OriginOf"/>; also the name of the key that signs.</param>
public sealed record Checkpoint(string Origin, long Size, MerkleHash Root)
{
    /// <summary>Stands for the appliance in origins, whatever its address. What follows it is the path under which the log is served.</summary>
    public const string OriginHost = "agentpki.internal";

    /// <summary>
    /// The origin line of a log's epoch. The epoch is part of it because a log restored to an older state continues differently: a
    /// witness must see another log there, not one that lies.
    /// </summary>
    public static string OriginOf(LogId logId, long epoch) => $"{OriginHost}/log/{logId}/{epoch.ToString(CultureInfo.InvariantCulture)}";

    public static Checkpoint Of(LedgerHead head) => new(OriginOf(head.LogId, head.Epoch), head.Size, head.Root);

    /// <summary>The text that is signed.</summary>
    public string ToNoteText() => $"{Origin}\n{Size.ToString(CultureInfo.InvariantCulture)}\n{Root.ToBase64()}\n";

    /// <summary>Reads a note text; extension lines are allowed and ignored, as the specification asks of readers.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Checkpoint? checkpoint)
    {
        checkpoint = null;
        var lines = text.Split('\n');
        if (lines.Length < 4 || lines[..^1].Any(line => line.Length == 0)
            || !long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size) || size.ToString(CultureInfo.InvariantCulture) != lines[1]
            || !MerkleHash.TryParseBase64(lines[2], out var root))
        {
            return false;
        }

        checkpoint = new Checkpoint(lines[0], size, root);
        return true;
    }

    /// <summary>Log and epoch of an origin made by <see cref="OriginOf"/>.</summary>
    public static bool TryParseOrigin(string origin, out LogId logId, out long epoch)
    {
        (logId, epoch) = (default, 0);
        var parts = origin.Split('/');
        return parts.Length == 4 && LogId.TryParse(parts[2], out logId) && long.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out epoch) && OriginOf(logId, epoch) == origin;
    }
}
