namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>
/// What lies in a ceremony's folder before anything of it is opened: files with plain names, in the folders that a ceremony has. Links, pipes, devices,
/// other folders and empty files are named and end the verification: whoever made the folder may want its reader to read something else, or for ever.
/// </summary>
/// <param name="Files">Relative, with slashes.</param>
/// <param name="Problems">With one of these nothing is to be read.</param>
public sealed record EvidenceListing(IReadOnlySet<string> Files, IReadOnlyList<string> Problems)
{
    private static readonly string[] Folders = ["records", "statements", "officers", "artifacts", "ledger"];

    public static EvidenceListing Read(EvidenceFolder folder)
    {
        var (files, problems) = (new SortedSet<string>(StringComparer.Ordinal), new List<string>());
        if (Directory.Exists(folder.Root))
        {
            List(new DirectoryInfo(folder.Root), "");
        }
        else
        {
            problems.Add($"there is no folder {folder.Root}");
        }

        return new EvidenceListing(files, problems);

        void List(DirectoryInfo directory, string prefix)
        {
            foreach (var entry in directory.EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal))
            {
                var relative = prefix + entry.Name;
                if (!IsPlain(entry.Name))
                {
                    problems.Add($"a file's name has characters that no file of a ceremony has: {CeremonyRun.OneLine(relative)}");
                }
                else if (entry.LinkTarget is not null)
                {
                    problems.Add($"{relative} is a link; evidence is files");
                }
                else if (entry is DirectoryInfo inner && prefix.Length == 0 && Folders.Contains(inner.Name))
                {
                    List(inner, $"{inner.Name}/");
                }
                else if (entry is not FileInfo file)
                {
                    problems.Add($"{relative} is a folder that no ceremony has");
                }
                else if (file.Length == 0)
                {
                    // Pipes, sockets and devices have no length either: they are not opened.
                    problems.Add($"{relative} is empty, or no file");
                }
                else
                {
                    files.Add(relative);
                }
            }
        }
    }

    /// <summary>Whether a name is one that every file system and shell takes as it is.</summary>
    public static bool IsPlain(string name) => name.Length is > 0 and <= 200 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
