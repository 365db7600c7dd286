using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Structure;

/// <summary>What holds for the whole tree and no compiler checks.</summary>
public sealed class TreeTests
{
    [Fact]
    public void EveryProject_HasItsLockFile()
    {
        var projects = Files("*.csproj").ToList();
        Assert.NotEmpty(projects);
        Assert.All(projects, project => Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json")), $"{project} has no lock file"));
    }

    [Fact]
    public async Task EveryShellScript_IsClean()
    {
        var scripts = (await TrackedFilesAsync()).Where(IsShellScript).ToList();
        Assert.NotEmpty(scripts);
        (await Tool.RunAsync("shellcheck", ["--severity=warning", "--external-sources", .. scripts], folder: SourceTree.Root)).MustSucceed();
    }

    [Fact]
    public async Task EveryVectorFolder_SaysWhereItComesFrom()
    {
        var vectors = Path.Combine("tests", "vectors") + Path.DirectorySeparatorChar;
        var folders = (await TrackedFilesAsync()).Where(file => file.StartsWith(vectors, StringComparison.Ordinal))
            .Select(file => file[vectors.Length..].Split('/')).Where(parts => parts.Length > 1).Select(parts => parts[0]).Distinct();
        Assert.All(folders, folder => Assert.True(File.Exists(Path.Combine(SourceTree.Root, vectors, folder, "SOURCE.md")), $"{vectors}{folder} has no SOURCE.md"));
    }

    private static bool IsShellScript(string file)
    {
        using var reader = new StreamReader(Path.Combine(SourceTree.Root, file));
        return file.EndsWith(".sh", StringComparison.Ordinal) || reader.ReadLine() is { } first && first.StartsWith("#!", StringComparison.Ordinal) && first.EndsWith("sh", StringComparison.Ordinal);
    }

    private static async Task<IEnumerable<string>> TrackedFilesAsync() =>
        (await Tool.RunAsync("git", ["-c", "safe.directory=*", "ls-files"], folder: SourceTree.Root)).MustSucceed().Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(file => File.Exists(Path.Combine(SourceTree.Root, file)));

    private static IEnumerable<string> Files(string pattern) =>
        new[] { "src", "tests", "benchmarks" }.SelectMany(folder => Directory.GetFiles(Path.Combine(SourceTree.Root, folder), pattern, SearchOption.AllDirectories));
}
