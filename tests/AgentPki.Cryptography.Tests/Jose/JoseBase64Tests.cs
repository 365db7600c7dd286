using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography.Jose;
using CsCheck;
using Xunit;

namespace AgentPki.Cryptography.Tests.Jose;

public sealed class JoseBase64Tests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("Zg", "f")]
    [InlineData("Zm8", "fo")]
    [InlineData("Zm9v", "foo")]
    [InlineData("Zm9vYg", "foob")]
    [InlineData("Pz8_", "???")]
    [InlineData("Pj4-", ">>>")]
    public void Decode_WhatAnEncoderWrites_IsTaken(string text, string expected) =>
        Assert.Equal(expected, Encoding.ASCII.GetString(JoseBase64.Decode(Encoding.ASCII.GetBytes(text))!));

    [Theory]
    [InlineData("Zg==")] // padding
    [InlineData("Z")] // no number of octets
    [InlineData("Zm9vY")]
    [InlineData("Zh")] // unused bits that are not zero
    [InlineData("Zm9")]
    [InlineData("Pz8/")] // base64
    [InlineData("Pj4+")]
    [InlineData("Zm 9v")]
    [InlineData("Zm9v\n")]
    [InlineData(" Zm9v")]
    [InlineData("Zm9\0")]
    [InlineData("Zmé")]
    public void Decode_AnythingElse_IsNull(string text) => Assert.Null(JoseBase64.Decode(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Decode_AnyText_IsNullOrEncodesBackToIt() => Gen.Char["AQgwxyz01-_=+/ \n"].Array[0, 12].Sample(characters =>
    {
        var text = new string(characters);
        return JoseBase64.Decode(Encoding.ASCII.GetBytes(text)) is not { } octets || JoseBase64Text(octets) == text;
    }, iter: 20_000);

    [Fact]
    public void Decode_AnyOctets_ComeBack()
    {
        for (var length = 0; length < 200; length++)
        {
            var octets = RandomNumberGenerator.GetBytes(length);
            Assert.Equal(octets, JoseBase64.Decode(Encoding.ASCII.GetBytes(JoseBase64Text(octets))));
        }
    }

    // Written with the other alphabet, by other code.
    private static string JoseBase64Text(byte[] octets) => Convert.ToBase64String(octets).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
