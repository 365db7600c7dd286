using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Xunit;

namespace AgentPki.Agents.Tests;

public sealed class PathPatternTests
{
    [Theory]
    [InlineData("/agent/*", "/agent/a", true)]
    [InlineData("/agent/*", "/agent/a/b", false)]
    [InlineData("/agent/**", "/agent/a/b", true)]
    [InlineData("/agent/*", "/agent/", true)]
    [InlineData("/agent/*", "/agen", false)]
    [InlineData("/team-*/x", "/team-7/x", true)]
    [InlineData("/team-*/x", "/team-7/y/x", false)]
    [InlineData("**", "", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("/a", "/A", false)]
    public void Matches_Path_AsTheGlobSays(string pattern, string text, bool expected) => Assert.Equal(expected, PathPattern.Matches(pattern, text));

    [Theory]
    [InlineData("*.agents.test", "a.agents.test", true)]
    [InlineData("*.agents.test", "a.b.agents.test", false)]
    [InlineData("*.agents.test", "agents.test", false)]
    [InlineData("**.agents.test", "a.b.agents.test", true)]
    public void Matches_Dns_StarStaysInsideALabel(string pattern, string text, bool expected) => Assert.Equal(expected, PathPattern.Matches(pattern, text, '.'));

    [Fact]
    public void Matches_AnyPatternAndText_AgreesWithARegularExpression()
    {
        Gen.Select(Gen.String[Gen.Char["ab/**"], 0, 7], Gen.String[Gen.Char["ab/"], 0, 8]).Sample((pattern, text) =>
            PathPattern.Matches(pattern, text) == Regex.IsMatch(text, ToRegex(pattern), RegexOptions.None, TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void Matches_HostilePattern_EndsSoon() => Assert.False(PathPattern.Matches(string.Concat(Enumerable.Repeat("*a", 200)), new string('a', 2000) + "b"));

    private static string ToRegex(string pattern)
    {
        var regex = new StringBuilder("\\A");
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '*')
            {
                regex.Append(Regex.Escape(pattern[i].ToString()));
            }
            else if (i + 1 < pattern.Length && pattern[i + 1] == '*')
            {
                regex.Append(".*");
                i++;
            }
            else
            {
                regex.Append("[^/]*");
            }
        }

        return regex.Append("\\z").ToString();
    }
}
