using AgentPki.Authority.Governance;

namespace AgentPki.Protocols.Tests.Admin;

/// <summary>The table in <c>docs/roles.md</c>, as it is written there.</summary>
internal sealed record RoleTable(IReadOnlyList<RoleTableRow> Rows)
{
    private const string Heading = "| Operation |";

    public static RoleTable Read()
    {
        var lines = File.ReadAllLines(Path.Combine(SourceTree(), "docs", "roles.md")).SkipWhile(l => !l.StartsWith(Heading, StringComparison.Ordinal)).ToList();
        var roles = Cells(lines[0])[1..^2].Select(word => AdminRoles.TryParse(word, out var role) ? role.Value : throw new InvalidOperationException($"'{word}' is no role")).ToList();
        Assert.Equal(AdminRoles.All, roles);
        return new RoleTable([.. lines.Skip(2).TakeWhile(l => l.StartsWith('|')).Select(Cells).Select(cells => new RoleTableRow(
            cells[0].Trim('`'), roles.Zip(cells[1..^2]).ToDictionary(p => p.First, p => p.Second), cells[^2], cells[^1]))]);
    }

    public static string SourceTree()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "AgentPki.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("not inside the source tree");
    }

    private static string[] Cells(string line) => [.. line.Trim().Trim('|').Split('|').Select(c => c.Trim())];
}

/// <param name="Socket">What a peer of the socket of a production home may.</param>
/// <param name="Second"><c>-</c>, or when and by whom: <c>always: officer</c>, <c>above the limit: officer, ra-administrator</c>.</param>
internal sealed record RoleTableRow(string Operation, IReadOnlyDictionary<AdminRole, string> Roles, string Socket, string Second);
