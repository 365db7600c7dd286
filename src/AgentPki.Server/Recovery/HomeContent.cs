using AgentPki.Authority.Recovery;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Recovery;

/// <summary>The files of a home that a backup takes: everything that is the appliance's or the operator's, but for secrets and what is made anew.</summary>
internal sealed class HomeContent(ApplianceHome home, ApplianceOptions options, IReadOnlyList<string> tokenFolders)
{
    private const int LargestFile = 256 << 20;
    private const int Tries = 5;

    // PINs; the development's plain keys; what each start makes anew; the backups themselves; what was learnt of agents' behaviour; the decision log, which is this node's, and as long as it likes.
    private static readonly string[] Left = ["secrets", "dev", "crl", "log", "decisions"];
    private const string SealedSuffix = ".sealed.json";

    /// <param name="takesTokens">Whether the files of tokens that keep their objects in files come along.</param>
    /// <exception cref="IOException">One of them cannot be read.</exception>
    /// <exception cref="BackupException">A token's files change all the time.</exception>
    internal IReadOnlyList<(string Name, ReadOnlyMemory<byte> Content)> Read(bool takesTokens)
    {
        var files = new List<(string, ReadOnlyMemory<byte>)>();
        foreach (var path in Directory.EnumerateFiles(home.Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(home.Root, path);
            if (IsTaken(name) && ReadWhole(path) is { } content && !IsPlainKey(content))
            {
                files.Add((name, content));
            }
        }

        files.AddRange(takesTokens ? ReadTokens() : []);
        return files;
    }

    private bool IsTaken(string name)
    {
        var parts = name.Split(Path.DirectorySeparatorChar);
        var path = Path.Combine(home.Root, name);
        if (path == home.BehaviourMemory || (options.Spiffe.IsServed && path == home.Resolve(options.Spiffe.Socket)))
        {
            return false;
        }

        return parts.Length == 1
            ? path == home.ConfigurationFile || (!IsRuntime(path) && !name.StartsWith('.') && !name.EndsWith(".new", StringComparison.Ordinal) && !name.EndsWith(".conf", StringComparison.Ordinal))
            : name.EndsWith(SealedSuffix, StringComparison.Ordinal)
                || (!Left.Contains(parts[0]) && !tokenFolders.Contains(parts[0]) && !IsBelow(path, DatabaseFolder) && !IsBelow(path, home.Resolve(options.Backup.Folder)));
    }

    private string DatabaseFolder => Path.GetDirectoryName(home.Resolve(options.Database)) ?? home.Root;

    private bool IsRuntime(string path) => path == home.AdminSocket || path == home.LockFile || path.StartsWith(home.Resolve(options.Database), StringComparison.Ordinal);

    private static bool IsBelow(string path, string folder) => path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The files of tokens that keep their objects in files: read until two readings are the same, for the token may be writing.</summary>
    private List<(string, ReadOnlyMemory<byte>)> ReadTokens()
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            try
            {
                var (first, second) = (ReadTokensOnce(), ReadTokensOnce());
                if (first.Count == second.Count && first.Zip(second).All(p => p.First.Item1 == p.Second.Item1 && p.First.Item2.Span.SequenceEqual(p.Second.Item2.Span)))
                {
                    return first;
                }
            }
            catch (IOException) when (tries < Tries - 1)
            {
                // Gone between listing and reading: once more.
            }
        }

        throw new BackupException("The token's files change all the time, and cannot be copied as of one moment. Try again when no keys are made.");
    }

    private List<(string, ReadOnlyMemory<byte>)> ReadTokensOnce() =>
    [
        .. tokenFolders.Select(folder => Path.Combine(home.Root, folder)).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)
            .Select(path => (Path.GetRelativePath(home.Root, path), new ReadOnlyMemory<byte>(File.ReadAllBytes(path)))),
    ];

    // A socket, say, is no file that has a length; a name may be gone again.
    private static byte[]? ReadWhole(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: <= LargestFile } file ? File.ReadAllBytes(path) : null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>An unencrypted private key is in no backup, wherever somebody has put it.</summary>
    private static bool IsPlainKey(ReadOnlySpan<byte> content)
    {
        for (var rest = content; rest.IndexOf("PRIVATE KEY-----"u8) is var at and >= 0; rest = rest[(at + 1)..])
        {
            if (!rest[..at].EndsWith("-----BEGIN ENCRYPTED "u8) && !rest[..at].EndsWith("-----END ENCRYPTED "u8))
            {
                return true;
            }
        }

        return false;
    }
}
