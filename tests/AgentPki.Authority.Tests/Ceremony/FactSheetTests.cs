using System.Text;
using AgentPki.Authority.Ceremony.Evidence;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony;

public sealed class FactSheetTests
{
    [Fact]
    public void Encode_TryParse_IsTheSame()
    {
        var sheet = FactSheet.Of("agentpki-test/1", ("one", "1"), ("none", null), ("two.b_C-d", "zwei: é"));
        Assert.Equal("agentpki-test/1\none: 1\ntwo.b_C-d: zwei: é\n", Encoding.UTF8.GetString(sheet.Encode()));
        Assert.True(FactSheet.TryParse(sheet.Encode(), out var read, out _));
        Assert.Equal(sheet.Facts.ToArray(), read.Facts.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("kind/1")]
    [InlineData("kind/1\na: 1")]
    [InlineData("kind/1\r\na: 1\r\n")]
    [InlineData("kind/1\na:1\n")]
    [InlineData("kind/1\na: \n")]
    [InlineData("kind/1\n\na: 1\n")]
    [InlineData("kind/1\na: 1\na: 2\n")]
    [InlineData("kind/1\na b: 1\n")]
    [InlineData("Kind 1\na: 1\n")]
    [InlineData("kind/1\na: 1\tb\n")]
    [InlineData("kind/1\na: 1\u0085b: 2\n")]
    [InlineData("kind/1\na: 1\u2028b: 2\n")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(FactSheet.TryParse(Encoding.UTF8.GetBytes(text), out _, out _));

    [Fact]
    public void TryParse_NotUtf8_IsRefused() => Assert.False(FactSheet.TryParse([.. "kind/1\na: "u8, 0xC3, 0x28, .. "\n"u8], out _, out _));
}
