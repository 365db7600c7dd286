using AgentPki.Agents.Registry;
using Xunit;

namespace AgentPki.Agents.Tests.Registry;

public sealed class RegistryValuesTests
{
    [Theory]
    [InlineData("Answers questions about bills", true)]
    [InlineData("Ερωτήσεις — για λογαριασμούς 😀", true)]
    [InlineData("", false)]
    [InlineData(" leading", false)]
    [InlineData("two\nlines", false)]
    [InlineData("pay \u202Eyenom", false)]
    [InlineData("zero\u200Bwidth", false)]
    [InlineData("no-break\u00A0space", false)]
    [InlineData("tab\there", false)]
    [InlineData("private \uE000 use", false)]
    public void Text_SeenOrNot_IsTakenOrRefused(string text, bool taken) => Assert.Equal(taken, RegistryText.WhyNot(text, 100) is null);

    [Fact]
    public void Text_TooLongOrTornApart_IsRefused()
    {
        Assert.NotNull(RegistryText.WhyNot(new string('a', 101), 100));
        Assert.NotNull(RegistryText.WhyNot("a \uD83D b", 100));
    }

    [Theory]
    [InlineData("/agent/*", 5, "/agent/a", true)]
    [InlineData("/agent/*", 5, "/agent/a/b", false)]
    [InlineData("/agent/**", null, "/agent/a/b", true)]
    [InlineData("/agent/*", null, "/other/a", false)]
    public void ChildRule_ByItsGlobs_Allows(string glob, int? maximum, string path, bool allowed)
    {
        Assert.True(ChildRule.TryCreate([glob], maximum, out var rule, out _));
        Assert.Equal(allowed, rule.Allows(path));
    }

    [Fact]
    public void ChildRule_OfNoChildren_IsNoneHoweverItIsWritten()
    {
        Assert.True(ChildRule.TryCreate(["/a/*"], 0, out var rule, out _));
        Assert.Equal(ChildRule.None, rule);
        Assert.False(rule.Allows("/a/b"));
        foreach (var (paths, maximum) in new (string[], int?)[] { ([], null), (["a"], null), (["/a?"], null), (["/a/*"], -1), (["/a/*"], ChildRule.MostChildren + 1) })
        {
            Assert.False(ChildRule.TryCreate(paths, maximum, out _, out var error), error);
        }
    }

    [Theory]
    [InlineData("sha256:", 64, true)]
    [InlineData("sha512:", 128, true)]
    [InlineData("sha256:", 63, false)]
    [InlineData("md5:", 32, false)]
    public void Component_ByItsDigest_IsTakenOrRefused(string prefix, int digits, bool taken) =>
        Assert.Equal(taken, ComponentDescriptor.TryCreate("assistant", null, null, prefix + new string('a', digits), out _, out _));

    [Fact]
    public void Between_TwoOfOneAgent_NamesWhatDiffersAndNothingElse()
    {
        var before = new AgentRecord("spiffe://agents.test/a", "team-a", "agent", AgentState.Active, default);
        var after = before with { Owner = "team-b", State = AgentState.Suspended, Registration = new AgentRegistration { Tier = RiskTier.High, Profiles = ["agent"], ReviewBy = new DateOnly(2027, 5, 1), Revision = 7 } };
        Assert.Equal([("owner", "team-a", "team-b"), ("tier", "low", "high"), ("profiles", null, "agent"), ("review", null, "2027-05-01")], AgentFields.Between(before, after).Select(c => (c.Field, c.From, c.To)));
        Assert.Empty(AgentFields.Between(before, before with { State = AgentState.Retired, Registration = new AgentRegistration { Revision = 3 } }));
        Assert.Equal(["owner", "tier"], AgentFields.Between(null, before).Select(c => c.Field));
    }
}
