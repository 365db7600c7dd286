using AgentPki.Authority.Ceremony.Quorum;
using CsCheck;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Quorum;

public sealed class SecretSharingTests
{
    /// <summary>draft-mcgrew-tss-03 §9, whose field and shares are those of OASIS SAM-TSS 1.0.</summary>
    [Fact]
    public void Combine_PublishedShares_GivesThePublishedSecret()
    {
        SecretShare[] shares = [new(1, Convert.FromHexString("B9FA07E185")), new(2, Convert.FromHexString("F5409B4511"))];
        Assert.Equal("7465737400", Convert.ToHexString(SecretSharing.Combine(shares)));
    }

    [Fact]
    public void Split_PublishedSecretAndCoefficients_GivesThePublishedShares()
    {
        var secret = Convert.FromHexString("7465737400");
        // The line through the secret at 0 and the first share at 1.
        var slope = secret.Zip(Convert.FromHexString("B9FA07E185"), (s, y) => (byte)(s ^ y)).ToArray();
        Assert.Equal(["B9FA07E185", "F5409B4511"], SecretSharing.Split(secret, slope, 2).Select(s => Convert.ToHexString(s.Value)));
    }

    /// <summary>FIPS 197 §4.2: {57} • {83} = {c1}, {57} • {13} = {fe}.</summary>
    [Theory]
    [InlineData(0x57, 0x83, 0xC1)]
    [InlineData(0x57, 0x13, 0xFE)]
    [InlineData(0x00, 0xFF, 0x00)]
    [InlineData(0x01, 0xFF, 0xFF)]
    public void Multiply_AsInFips197(byte a, byte b, byte product) => Assert.Equal(product, SecretSharing.Multiply(a, b));

    [Fact]
    public void Combine_EverySubsetOfThresholdShares_GivesTheSecret() =>
        Gen.Select(Gen.Byte.Array[1, 40], Gen.Int[2, 6], Gen.Int[0, 3]).Sample((secret, threshold, more) =>
        {
            var shares = SecretSharing.Split(secret, threshold, threshold + more);
            foreach (var subset in Subsets(shares, threshold))
            {
                Assert.Equal(secret, SecretSharing.Combine(subset));
            }

            Assert.Equal(secret, SecretSharing.Combine(shares));
        }, iter: 200);

    /// <summary>With one share less every secret is possible: for any other secret there is a share that would complete it.</summary>
    [Fact]
    public void Combine_OneShareLess_LeavesEverySecretPossible()
    {
        var shares = SecretSharing.Split([42], 3, 3);
        var possible = Enumerable.Range(0, 256).Select(y => SecretSharing.Combine([shares[0], shares[1], new SecretShare(3, [(byte)y])])[0]).Distinct().Count();
        Assert.Equal(256, possible);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(4, 3)]
    [InlineData(2, 256)]
    public void Split_ImpossibleQuorum_Throws(int threshold, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SecretSharing.Split([1, 2, 3], threshold, count));

    [Fact]
    public void Combine_SharesThatDoNotFit_Throws()
    {
        Assert.Throws<ArgumentException>(() => SecretSharing.Combine([new(1, [1]), new(1, [2])]));
        Assert.Throws<ArgumentException>(() => SecretSharing.Combine([new(1, [1]), new(2, [2, 3])]));
        Assert.Throws<ArgumentException>(() => SecretSharing.Combine([new(0, [1]), new(2, [2])]));
        Assert.Throws<ArgumentException>(() => SecretSharing.Combine([]));
    }

    private static IEnumerable<IReadOnlyList<SecretShare>> Subsets(IReadOnlyList<SecretShare> shares, int size) =>
        Enumerable.Range(0, 1 << shares.Count).Where(mask => int.PopCount(mask) == size).Select(mask => (IReadOnlyList<SecretShare>)[.. shares.Where((_, i) => (mask >> i & 1) == 1)]);
}
