using Xunit;

namespace AgentPki.Cryptography.Tests.Providers;

/// <summary>Octets that have the length of an Ed25519 key and are none, or one under which a signature proves nothing.</summary>
public sealed class EdwardsPointTests
{
    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")] // neutral
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080")] // neutral, with the sign of no x
    [InlineData("ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")] // order 2
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")] // order 4
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080")]
    [InlineData("C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC037A")] // order 8
    [InlineData("C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC03FA")]
    [InlineData("26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC05")]
    [InlineData("26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC85")]
    [InlineData("EDFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")] // p: not canonical
    [InlineData("EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F")] // p + 1
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000")] // no point
    public void FromKeyBits_NoPointOrOneOfSmallOrder_IsRefused(string hex)
    {
        var error = Assert.Throws<ArgumentException>(() => PublicKey.FromKeyBits(KeyAlgorithm.Ed25519, Convert.FromHexString(hex)));
        Assert.Contains("small order", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("5866666666666666666666666666666666666666666666666666666666666666")] // the base point
    [InlineData("D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A")] // RFC 8032 §7.1, test 1
    public void FromKeyBits_Points_AreTaken(string hex) => Assert.Equal(KeyAlgorithm.Ed25519, PublicKey.FromKeyBits(KeyAlgorithm.Ed25519, Convert.FromHexString(hex)).Algorithm);
}
