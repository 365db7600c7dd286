using AgentPki.Authority.Enrollment;
using Xunit;

namespace AgentPki.Authority.Tests.Enrollment;

public sealed class OwnerRulesTests
{
    [Theory]
    [InlineData("team-a", true)]
    [InlineData("Ämter für Öffentliches", true)]
    [InlineData("", false)]
    [InlineData("team\na", false)]
    [InlineData("team\u0085a", false)]
    public void Check_Owner_IsPrintableAndNotEmpty(string owner, bool fits) => Assert.Equal(fits, OwnerRules.Check(owner) is null);

    [Fact]
    public void Check_Length_Is128AtMost()
    {
        Assert.Null(OwnerRules.Check(new string('x', 128)));
        Assert.NotNull(OwnerRules.Check(new string('x', 129)));
    }
}
