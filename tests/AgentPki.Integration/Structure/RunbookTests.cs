using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Structure;

/// <summary>Scripts that the documents ship are scripts that this program reads.</summary>
public sealed class RunbookTests
{
    private static readonly string Folder = Path.Combine(SourceTree.Root, "docs", "runbooks");

    public static TheoryData<string> Scripts => [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(p => Path.GetFileName(p))];

    [Theory]
    [MemberData(nameof(Scripts))]
    public void Script_IsRead_AndItsPageNamesIt(string name)
    {
        var script = ScriptReader.Read(name, File.ReadAllBytes(Path.Combine(Folder, name)));
        Assert.NotEmpty(script.Steps);
        Assert.Contains($"({name})", File.ReadAllText(Path.Combine(Folder, "README.md")), StringComparison.Ordinal);
    }
}
