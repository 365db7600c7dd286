using AgentPki.Authority.Store;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Cli;
using AgentPki.Server.Cli.Commands;
using Xunit;

namespace AgentPki.Server.Tests.Cli;

public sealed class MigrateWatchTests
{
    private static readonly CampaignView View = new(
        "pq", CampaignState.Running, ["ecdsa-p256"], [], [], "ml-dsa-65", 50, Retirement.Revoke, 0, 0, "admin:test", default, null,
        Agents: 9, Selected: 4, Switched: 1, Issued: 1, InUse: 1, Retired: 1, Returning: 0, Returned: 0, RolledBack: 0, Left: 1, Failed: 0, Stuck: 0, null);

    [Fact]
    public void Render_Running_CountsWhoHasComeToEachStageOrBeyond()
    {
        var lines = Lines(View);

        Assert.Equal("Campaign pq is running, 50 % to ml-dsa-65", lines[0]);
        Assert.Equal([("switched", "4 of 8"), ("issued", "3 of 8"), ("in use", "2 of 8"), ("retired", "1 of 8")], lines.Skip(1).Select(Row));
        Assert.All(lines.Skip(1), line => Assert.Equal(40, line.Count(c => c == '━')));
    }

    [Fact]
    public void Render_RollingBack_CountsTheWayBack()
    {
        var lines = Lines(View with { State = CampaignState.RollingBack, Selected = 0, Switched = 0, Issued = 0, InUse = 0, Retired = 0, Returning = 2, Returned = 3, RolledBack = 4, Left = 0 });

        Assert.StartsWith("Campaign pq is being rolled back", lines[0], StringComparison.Ordinal);
        Assert.Equal([("asked back", "9 of 9"), ("returned", "7 of 9"), ("rolled back", "4 of 9")], lines.Skip(1).Select(Row));
    }

    [Fact]
    public void Render_Trouble_IsSaidBelow()
    {
        var lines = Lines(View with { Failed = 2, Stuck = 1 }, "No appliance is running.");

        Assert.Equal("2 failed, 1 stuck: 'migrate status pq' says who and why", lines[^2]);
        Assert.Equal("No appliance is running.", lines[^1]);
    }

    [Fact]
    public void Render_NobodyInIt_HasEmptyBars() => Assert.Equal(("switched", "0 of 0"), Row(Lines(View with { Agents = 1, Selected = 0, Switched = 0, Issued = 0, InUse = 0, Retired = 0 })[1]));

    private static (string Name, string Count) Row(string line) => (line[..line.IndexOf('━', StringComparison.Ordinal)].Trim(), line[(line.LastIndexOf('━') + 1)..].Trim());

    private static List<string> Lines(CampaignView view, string? trouble = null)
    {
        using var written = new StringWriter();
        new Terminal(written, TextWriter.Null, interactive: false).Out.Write(MigrateWatch.Render(view, trouble, unicode: true));
        return [.. written.ToString().Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
    }
}
