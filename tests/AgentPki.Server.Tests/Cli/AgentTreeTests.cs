using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Cli.Commands;
using Xunit;

namespace AgentPki.Server.Tests.Cli;

/// <summary>How a tree is drawn.</summary>
public sealed class AgentTreeTests
{
    [Fact]
    public void Lines_OfAPage_AreIndentedAndSayWhatIsNotThere()
    {
        var page = new AgentTreeView(
            [
                Node(0, "a", children: 3, more: 1) with { Scopes = ["read:crm/**", "write:crm/x", "z:y"], DepthLeft = 3, NotAfter = new DateTimeOffset(2027, 6, 1, 0, 0, 0, TimeSpan.Zero), MaximumLifetime = 600, Limited = true, Good = 2, Held = 1 },
                Node(1, "b", AgentState.Suspended, children: 2, more: 2) with { Revoked = 1 },
                Node(1, "c", children: 1) with { Scopes = [] },
                Node(2, "d") with { BelowSuspended = true, Problem = "not_after lies before not_before" },
            ],
            0);
        Assert.Equal(
            [
                "a  active, limited, read:crm/** write:crm/x +1, depth 3, until 2027-06-01 00:00:00Z, certificates of 600 s, 2 good, 1 held",
                "  b  suspended, no policy, 1 revoked",
                "    … and 2 more children: agentpki agent tree b",
                "  c  active, no scopes, no certificates",
                "    d  active beneath one that is not, may do nothing: its bounds have nothing in common, no certificates",
                "  … and 1 more child: agentpki agent tree a --after c",
            ],
            AgentTreeVerbs.Lines(page));
    }

    private static AgentNodeView Node(int generation, string id, AgentState state = AgentState.Active, long children = 0, long more = 0) =>
        new(generation, id, "team-a", state, SuspensionRule.None, false, RiskTier.Low, false, null, null, null, null, null, 0, 0, 0, children, more);
}
