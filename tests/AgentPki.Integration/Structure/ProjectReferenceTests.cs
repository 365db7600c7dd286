using System.Text.RegularExpressions;
using System.Xml.Linq;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Structure;

/// <summary>The picture in ARCHITECTURE.md stays true: what a project may reference is what its .csproj references, at most.</summary>
public sealed partial class ProjectReferenceTests
{
    private static readonly Dictionary<string, HashSet<string>> Table = ReadTable();

    public static TheoryData<string> Projects() => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void References_OfProject_AreInTheTable(string project)
    {
        var beyond = References(project).Except(Table[project]).ToList();
        Assert.True(beyond.Count == 0, $"{project} references {string.Join(", ", beyond)}, which ARCHITECTURE.md does not allow");
    }

    [Fact]
    public void Table_AndSourceFolder_NameTheSameProjects()
    {
        var folders = Directory.GetDirectories(Path.Combine(SourceTree.Root, "src")).Select(folder => Path.GetFileName(folder)!);
        Assert.Equal(Table.Keys.Order(), folders.Order());
    }

    [Fact]
    public void Table_IsAcyclic()
    {
        var done = new HashSet<string>();
        while (Table.Keys.FirstOrDefault(project => !done.Contains(project) && References(project).All(done.Contains)) is { } next)
        {
            done.Add(next);
        }

        Assert.Empty(Table.Keys.Except(done));
    }

    [Fact]
    public void TransitiveReferences_AreOff()
    {
        var properties = XDocument.Load(Path.Combine(SourceTree.Root, "Directory.Build.props")).Descendants("DisableTransitiveProjectReferences");
        Assert.Equal("true", Assert.Single(properties).Value);
    }

    private static IEnumerable<string> References(string project) =>
        XDocument.Load(Path.Combine(SourceTree.Root, "src", project, project + ".csproj"))
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));

    // | `AgentPki.Pkcs11` | Keys that … | Cryptography |
    private static Dictionary<string, HashSet<string>> ReadTable()
    {
        var rows = File.ReadLines(Path.Combine(SourceTree.Root, "ARCHITECTURE.md"))
            .Select(line => Row().Match(line)).Where(match => match.Success)
            .Select(match => (Project: match.Groups[1].Value, May: match.Groups[2].Value.Trim())).ToList();
        var all = rows.Select(row => row.Project).ToHashSet();
        return rows.ToDictionary(row => row.Project, row => row.May switch
        {
            "all" => [.. all.Where(name => name != row.Project)],
            "none" => [],
            _ => row.May.Split(',', StringSplitOptions.TrimEntries).Select(name => "AgentPki." + name).ToHashSet(),
        });
    }

    [GeneratedRegex(@"^\| `(AgentPki\.[\w.]+)` \|.*\| ([^|]*) \|$")]
    private static partial Regex Row();
}
