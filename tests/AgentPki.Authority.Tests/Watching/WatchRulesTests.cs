using System.Text;
using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Watching;
using Xunit;

namespace AgentPki.Authority.Tests.Watching;

public sealed class WatchRulesTests
{
    [Fact]
    public void Read_Rules_AreAsTheFileSays()
    {
        var rules = Read("""
            learningDays: 7
            responsesAnHour: 3
            detectors:
              burst: {window: 30s, atLeast: 50, factor: 5, bound: 900}
              refusals: {percent: 40, bound: 0}
            responses:
              low: {refusals: suspend, burst: alert}
              high: {fanOut: narrow}
              critical: {newNetworks: suspend-family, refusals: revoke-family}
            narrow: {scopes: ['read:crm/**'], for: 2h}
            """);

        Assert.Equal(new DetectorRule(TimeSpan.FromSeconds(30), 50, 5, 900, BehaviourSettings.Default.Of(Detector.Burst).Memory), rules.Settings.Of(Detector.Burst));
        Assert.Equal(BehaviourSettings.Default.Of(Detector.Refusals) with { Share = 0.4f, Bound = null }, rules.Settings.Of(Detector.Refusals));
        Assert.Equal(BehaviourSettings.Default.Of(Detector.FanOut), rules.Settings.Of(Detector.FanOut));
        Assert.Equal((7, 3), (rules.Settings.LearningDays, rules.ResponsesAnHour));
        Assert.Equal(BehaviourResponse.Suspend, rules.Of(RiskTier.Low, Detector.Refusals));
        Assert.Equal(BehaviourResponse.Alert, rules.Of(RiskTier.High, Detector.Refusals));
        Assert.Equal((BehaviourResponse.SuspendFamily, BehaviourResponse.RevokeFamily), (rules.Of(RiskTier.Critical, Detector.NewNetworks), rules.Of(RiskTier.Critical, Detector.Refusals)));
        Assert.Equal((BehaviourResponse.Narrow, "read:crm/**", TimeSpan.FromHours(2)), (rules.Of(RiskTier.High, Detector.FanOut), rules.Narrowing!.Scopes.ToString(), rules.Narrowing.For));
        Assert.NotEqual(WatchRules.BuiltIn.Digest, rules.Digest);
    }

    [Theory]
    [InlineData("detector: {}", "detector")]
    [InlineData("detectors: {brust: {atLeast: 3}}", "detectors.brust")]
    [InlineData("detectors: {burst: {window: 5s}}", "detectors.burst.window")]
    [InlineData("detectors: {burst: {atLeast: 0}}", "detectors.burst.atLeast")]
    [InlineData("responses: {low: {burst: kill}}", "responses.low.burst")]
    [InlineData("responses: {lowest: {burst: alert}}", "responses.lowest")]
    [InlineData("responsesAnHour: -1", "responsesAnHour")]
    [InlineData("responses: {low: {burst: narrow}}", "narrow: responses.low.burst narrows")]
    [InlineData("narrow: {scopes: ['no scope'], for: 1h}", "narrow.scopes")]
    [InlineData("narrow: {scopes: []}", "narrow.for: is missing")]
    [InlineData("narrow: {for: 1h}", "narrow.scopes: is missing")]
    [InlineData("narrow: {scopes: [], for: 100d}", "narrow.for")]
    public void Read_WhatIsNoRule_IsAnErrorWithItsField(string text, string field)
    {
        Assert.Null(WatchRulesReader.Read(Encoding.UTF8.GetBytes(text), out var errors));
        Assert.Contains(field, Assert.Single(errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NoUtf8OrTooLong_IsNoRules()
    {
        Assert.Null(WatchRulesReader.Read([0xFF], out _));
        Assert.Null(WatchRulesReader.Read(Encoding.UTF8.GetBytes(new string('#', 70_000)), out _));
    }

    [Fact]
    public void BuiltIn_AnyFinding_IsAnAlert() =>
        Assert.All(RiskTiers.All.SelectMany(tier => Detectors.All.Select(detector => WatchRules.BuiltIn.Of(tier, detector))), response => Assert.Equal(BehaviourResponse.Alert, response));

    internal static WatchRules Read(string text) => WatchRulesReader.Read(Encoding.UTF8.GetBytes(text), out var errors) ?? throw new InvalidOperationException(string.Join("; ", errors));
}
