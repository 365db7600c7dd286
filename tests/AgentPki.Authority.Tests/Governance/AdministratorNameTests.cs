using AgentPki.Authority.Governance;
using Xunit;

namespace AgentPki.Authority.Tests.Governance;

public sealed class AdministratorNameTests
{
    [Theory]
    [InlineData("alice")]
    [InlineData("a.smith-2")]
    [InlineData("ab")]
    public void TryParse_AName_TakesIt(string text)
    {
        Assert.True(AdministratorName.TryParse(text, out var name));
        Assert.Equal(text, name.Text);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("Alice")]
    [InlineData("аlice")] // the first letter is Cyrillic
    [InlineData("alice ")]
    [InlineData("1alice")]
    [InlineData("-alice")]
    [InlineData("alice.")]
    [InlineData("alice+bob")]
    [InlineData("uid=0")]
    [InlineData("alice\n")]
    [InlineData("a123456789012345678901234567890123456789012345678901234567890123456")]
    public void TryParse_WhatIsNone_RefusesIt(string? text) => Assert.False(AdministratorName.TryParse(text, out _));

    [Theory]
    [InlineData("alice", "a1ice")]
    [InlineData("alice", "a-lice")]
    [InlineData("bob", "b0b")]
    [InlineData("martin", "rnartin")]
    [InlineData("wendy", "vvendy")]
    [InlineData("doris", "d0r1s")]
    [InlineData("a.smith", "asmith")]
    public void Likeness_OfNamesThatLookAlike_IsOne(string one, string other) => Assert.Equal(Parse(one).Likeness, Parse(other).Likeness);

    [Fact]
    public void Likeness_OfDifferentNames_Differs() => Assert.NotEqual(Parse("alice").Likeness, Parse("alicia").Likeness);

    private static AdministratorName Parse(string text) => AdministratorName.TryParse(text, out var name) ? name : throw new InvalidOperationException(text);
}
