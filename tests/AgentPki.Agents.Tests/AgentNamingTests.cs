using AgentPki.X509.Names;
using CsCheck;
using Xunit;

namespace AgentPki.Agents.Tests;

public sealed class AgentNamingTests
{
    private static readonly AgentNaming Naming = new("agents.test");
    private static readonly AgentPathRule Both = new("/agent/{cn}", ["/agent/**", "/team-*/worker"]);
    private static readonly AgentPathRule TemplateOnly = new("/agent/{cn}", []);
    private static readonly AgentPathRule PatternOnly = new(null, ["/agent/*"]);

    [Theory]
    [InlineData("agent-7", "spiffe://agents.test/agent/agent-7")]
    [InlineData("a.b_c-D", "spiffe://agents.test/agent/a.b_c-D")]
    public void TryName_NothingRequested_ComesFromTheCommonName(string commonName, string expected)
    {
        Assert.True(Naming.TryName(Both, null, commonName, null, null, out var name, out _));
        Assert.Equal(expected, name.ToString());
    }

    [Fact]
    public void TryName_DnsTemplate_ComesFromTheDnsName()
    {
        Assert.True(Naming.TryName(new AgentPathRule("/host/{dns}", []), null, null, "a.agents.test", null, out var name, out _));
        Assert.Equal("spiffe://agents.test/host/a.agents.test", name.ToString());
    }

    [Theory]
    [InlineData(null, "no common name")]
    [InlineData("", "cannot be part")]
    [InlineData("..", "cannot be part")]
    [InlineData(".", "cannot be part")]
    [InlineData("a/b", "cannot be part")]
    [InlineData("a b", "cannot be part")]
    [InlineData("ä", "cannot be part")]
    [InlineData("a\u0000", "cannot be part")]
    [InlineData("{dns}", "cannot be part")]
    public void TryName_CommonNameNotUsable_SaysSo(string? commonName, string expected)
    {
        Assert.False(Naming.TryName(Both, null, commonName, null, null, out _, out var error));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spiffe://agents.test/agent/x")]
    [InlineData("spiffe://agents.test/agent/x/y")]
    [InlineData("spiffe://agents.test/team-1/worker")]
    public void TryName_RequestedAndAllowed_IsTaken(string requested)
    {
        Assert.True(Naming.TryName(Both, SpiffeId.Parse(requested), "cn", null, null, out var name, out _));
        Assert.Equal(requested, name.ToString());
    }

    [Theory]
    [InlineData("spiffe://other.test/agent/x", "trust domain")]
    [InlineData("spiffe://agents.test.evil/agent/x", "trust domain")]
    [InlineData("spiffe://agents.test/admin/x", "not one this profile allows")]
    [InlineData("spiffe://agents.test", "not one this profile allows")]
    public void TryName_RequestedAndNotAllowed_SaysWhatWouldBe(string requested, string expected)
    {
        Assert.False(Naming.TryName(Both, SpiffeId.Parse(requested), "cn", null, null, out var name, out var error));
        Assert.Null(name);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryName_TemplateOnly_TakesWhatTheTemplateGivesAndNothingElse()
    {
        Assert.True(Naming.TryName(TemplateOnly, SpiffeId.Parse("spiffe://agents.test/agent/me"), "me", null, null, out _, out _));
        Assert.False(Naming.TryName(TemplateOnly, SpiffeId.Parse("spiffe://agents.test/agent/you"), "me", null, null, out _, out var error));
        Assert.Contains("leave it out", error, StringComparison.Ordinal);
    }

    [Fact]
    public void TryName_PatternOnlyAndNothingRequested_AsksForOne()
    {
        Assert.False(Naming.TryName(PatternOnly, null, "me", null, null, out _, out var error));
        Assert.Contains("spiffe://agents.test/", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/agent/team-a-*", "team-a-1", true)]
    [InlineData("/agent/team-a-*", "team-b-1", false)]
    public void TryName_CredentialPattern_Binds(string pattern, string commonName, bool allowed) =>
        Assert.Equal(allowed, Naming.TryName(Both, null, commonName, null, pattern, out _, out _));

    [Theory]
    [InlineData("spiffe://agents.test/robots/r2", true)]
    [InlineData("spiffe://agents.test/agent/x", false)]
    [InlineData("spiffe://other.test/robots/r2", false)]
    public void TryName_CredentialPattern_AllowsWhatItMatchesAndNothingElse(string requested, bool allowed) =>
        Assert.Equal(allowed, Naming.TryName(Both, SpiffeId.Parse(requested), "cn", null, "/robots/*", out _, out _));

    [Theory]
    [InlineData("")]
    [InlineData("Agents.test")]
    [InlineData("a/b")]
    [InlineData("a b")]
    public void Constructor_NoTrustDomain_Refuses(string trustDomain) => Assert.Throws<ArgumentException>(() => new AgentNaming(trustDomain));

    [Fact]
    public void TryName_AnyCommonName_NeverLeavesTheTemplatesFolder() => Gen.String.Sample(commonName =>
        !Naming.TryName(TemplateOnly, null, commonName, null, null, out var name, out _)
        || (name.TrustDomain == "agents.test" && name.Path.StartsWith("/agent/", StringComparison.Ordinal) && name.Path.Count(c => c == '/') == 2));
}
