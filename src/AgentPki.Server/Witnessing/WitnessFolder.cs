using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using AgentPki.Ledger.Notes;
using AgentPki.Ledger.Witnessing;
using AgentPki.Server.Home;

namespace AgentPki.Server.Witnessing;

/// <summary>
/// A witness's memory as files, one folder for each log: <c>keys</c> (vkeys, a line each), <c>checkpoint</c> (the last note that was cosigned), <c>history</c> (size, root and
/// time of all, a line each), <c>evidence/</c>. Each is whole or as it was, however the process ends. Read anew each time: <c>witness add</c> needs no restart.
/// </summary>
public sealed class WitnessFolder(WitnessHome home) : IWitnessState
{
    /// <summary>Heads kept as evidence for each log and each kind: whoever has a log's public heads can send wrong proofs of them.</summary>
    private const int MostEvidence = 100;

    private const string KeysFile = "keys";
    private const string CheckpointFileName = "checkpoint";
    private const string HistoryFile = "history";

    /// <summary>Every log that it watches.</summary>
    public IEnumerable<WitnessedLog> Logs => !Directory.Exists(home.Logs)
        ? []
        : Directory.EnumerateDirectories(home.Logs).Select(folder => FindByHash(Path.GetFileName(folder))).OfType<string>().Order(StringComparer.Ordinal).Select(Find).OfType<WitnessedLog>();

    public WitnessedLog? Find(string origin)
    {
        var keys = ReadKeys(WitnessHome.HashOf(origin));
        return keys.Length > 0 && keys[0].Name == origin ? new WitnessedLog(origin, keys) : null;
    }

    public string? FindByHash(string originHash) => IsHash(originHash) && ReadKeys(originHash) is [var key, ..] && WitnessHome.HashOf(key.Name) == originHash ? key.Name : null;

    public SignedCheckpoint? Last(string origin)
    {
        var path = In(origin, CheckpointFileName);
        if (!File.Exists(path))
        {
            return null;
        }

        return SignedCheckpoint.TryParse(File.ReadAllText(path), out var last, out var error) && last.Checkpoint.Origin == origin
            ? last
            : throw new InvalidDataException($"{path} is not what this witness has written: {error ?? "it is of another log"}.");
    }

    public void Replace(string origin, SignedCheckpoint cosigned)
    {
        // The history goes first: a line too many is a head that was signed and not released, which a head that was released always was.
        var head = cosigned.Checkpoint;
        using (var history = new FileStream(In(origin, HistoryFile), new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, BufferSize = 0 }))
        {
            history.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{head.Size} {head.Root.ToBase64()}\n")));
        }

        PrivateFile.WriteDurably(In(origin, CheckpointFileName), cosigned.ToString());
    }

    /// <summary>Heads that were cosigned, oldest first; lines that a crash left half are left out.</summary>
    public IEnumerable<Checkpoint> History(string origin)
    {
        var path = In(origin, HistoryFile);
        return !File.Exists(path) ? [] : File.ReadLines(path).Select(line => Checkpoint.TryParse($"{origin}\n{line.Replace(' ', '\n')}\n", out var head) ? head : null).OfType<Checkpoint>();
    }

    public bool Keep(WitnessRequest refused, SignedCheckpoint? last, string reason, bool proven)
    {
        var head = refused.Checkpoint.Checkpoint;
        var kind = proven ? "fork" : "unproven";
        var folder = Path.Combine(home.LogFolder(WitnessHome.HashOf(head.Origin)), "evidence");
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{kind}-{head.Size}-{head.Root.ToString()[..16]}.txt"));
        if (File.Exists(path) || Directory.EnumerateFiles(folder, $"{kind}-*.txt").Count() >= MostEvidence)
        {
            return false;
        }

        PrivateFile.WriteDurably(path, $"{reason}\n\n--- refused: a submission as it came\n{refused}--- the head that was cosigned before\n{last?.ToString() ?? "none\n"}");
        return true;
    }

    /// <summary>What was refused and kept of a log.</summary>
    public IReadOnlyList<string> Evidence(string origin)
    {
        var folder = In(origin, "evidence");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.txt").Order(StringComparer.Ordinal)] : [];
    }

    /// <summary>Watches a log from now on, or takes a further key of it.</summary>
    /// <returns>False: that key is there already.</returns>
    public bool Add(NoteKey key)
    {
        var hash = WitnessHome.HashOf(key.Name);
        var keys = ReadKeys(hash);
        if (keys.Any(known => known.ToString() == key.ToString()))
        {
            return false;
        }

        Directory.CreateDirectory(home.LogFolder(hash));
        PrivateFile.WriteDurably(Path.Combine(home.LogFolder(hash), KeysFile), string.Concat(keys.Append(key).Select(k => $"{k}\n")));
        PrivateFile.SyncFolder(home.Logs);
        return true;
    }

    private ImmutableArray<NoteKey> ReadKeys(string originHash)
    {
        var path = Path.Combine(home.LogFolder(originHash), KeysFile);
        return !File.Exists(path) ? [] : [.. File.ReadAllLines(path).Select(line => NoteKey.TryParse(line, out var key) ? key : throw new InvalidDataException($"{path} has a line that is no vkey.")).DistinctBy(key => key.ToString())];
    }

    // What comes from outside and is no hash names no folder.
    private static bool IsHash(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigitLower);

    private string In(string origin, string name) => Path.Combine(home.LogFolder(WitnessHome.HashOf(origin)), name);
}
