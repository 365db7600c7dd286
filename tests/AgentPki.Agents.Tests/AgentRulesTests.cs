using Xunit;

namespace AgentPki.Agents.Tests;

public sealed class AgentRulesTests
{
    [Theory]
    [InlineData(AgentState.Active, "team-a", true)]
    [InlineData(AgentState.Active, "team-b", false)]
    [InlineData(AgentState.Suspended, "team-a", false)]
    [InlineData(AgentState.Retired, "team-a", false)]
    public void WhyNotIssuable_Known_ByStateAndOwner(AgentState state, string asks, bool allowed)
    {
        var record = new AgentRecord("spiffe://agents.test/agent/a", "team-a", "agent", state, DateTimeOffset.UnixEpoch);
        Assert.Equal(allowed, AgentRules.WhyNotIssuable(record, asks) is null);
    }

    [Fact]
    public void WhyNotIssuable_Unknown_MayBe() => Assert.Null(AgentRules.WhyNotIssuable(null, "anybody"));

    [Theory]
    [InlineData(AgentState.Active, AgentState.Suspended, true)]
    [InlineData(AgentState.Suspended, AgentState.Active, true)]
    [InlineData(AgentState.Active, AgentState.Retired, true)]
    [InlineData(AgentState.Retired, AgentState.Retired, true)]
    [InlineData(AgentState.Retired, AgentState.Active, false)]
    [InlineData(AgentState.Retired, AgentState.Suspended, false)]
    public void CanMove_Retired_IsForGood(AgentState from, AgentState to, bool allowed) => Assert.Equal(allowed, AgentRules.CanMove(from, to));
}
