using System.Text;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Testing;
using AgentPki.Testing.Fixtures;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony.Quorum;

public sealed class SealedSecretTests
{
    private static readonly byte[] Pin = "123456789012345678901234"u8.ToArray();

    [Theory]
    [InlineData("ecdsa-p384", 2, 3)]
    [InlineData("ml-dsa-65", 3, 5)]
    public async Task Open_AnyQuorum_GivesTheSecret(string algorithm, int quorum, int count)
    {
        var officers = await TestOfficers.CreateAsync(quorum, KeyAlgorithm.Find(algorithm)!, [.. new[] { "alice", "bob", "carol", "dave", "erin" }.Take(count)]);
        var secret = await SealAsync(officers);
        Assert.True(SealedSecret.TryParse(secret.Encode(), out var read, out _));
        for (var first = 0; first + quorum <= count; first++)
        {
            var (opened, problem) = read.Open(await SharesAsync(read, officers, [.. officers.Roster.Officers.Skip(first).Take(quorum).Select(o => o.Name)]));
            Assert.Equal((Encoding.ASCII.GetString(Pin), null), (Encoding.ASCII.GetString(opened ?? []), problem));
        }
    }

    [Fact]
    public async Task Open_TooFewOrTheSameTwice_IsRefused()
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob", "carol");
        var secret = await SealAsync(officers);
        Assert.Equal("1 of 2 officers are not enough", secret.Open(await SharesAsync(secret, officers, "alice")).Problem);
        Assert.Equal("alice has given a share twice", secret.Open(await SharesAsync(secret, officers, "alice", "alice")).Problem);
    }

    [Fact]
    public async Task Open_ShareOfAnotherCeremony_IsRefused()
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob", "carol");
        var (here, there) = (await SealAsync(officers), await SealAsync(officers));
        var shares = await SharesAsync(here, officers, "alice");
        shares.AddRange(await SharesAsync(there, officers, "bob"));
        Assert.StartsWith("the share of bob belongs to another sealing", here.Open(shares).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_ChangedShare_IsNoticed()
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob", "carol");
        var secret = await SealAsync(officers);
        var shares = await SharesAsync(secret, officers, "alice", "carol");
        shares[1].Share.Value[^1] ^= 1;
        Assert.StartsWith("one of the shares is wrong", secret.Open(shares).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenShare_EnvelopeOfAnother_IsRefused()
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob", "carol");
        var text = Encoding.UTF8.GetString((await SealAsync(officers)).Encode());
        Assert.True(SealedSecret.TryParse(Encoding.UTF8.GetBytes(text.Replace("\"alice\"", "\"x\"", StringComparison.Ordinal).Replace("\"bob\"", "\"alice\"", StringComparison.Ordinal)), out var swapped, out _));
        await using var alice = officers.Open("alice");
        Assert.StartsWith("the envelope of alice does not open with this key", (await swapped.OpenShareAsync(alice, CancellationToken.None)).Problem, StringComparison.Ordinal);
        await using var bob = officers.Open("bob");
        Assert.StartsWith("bob has no share", (await swapped.OpenShareAsync(bob, CancellationToken.None)).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Envelope_IsOpenedByOpenSsl()
    {
        var officers = await TestOfficers.CreateAsync(2, "alice", "bob");
        var secret = await SealAsync(officers);
        using var openssl = new OpenSslTool();
        openssl.Write("share.der", secret.Shares[0].Envelope.Span);
        var file = officers.FileOf("alice");
        openssl.Write("receiving.pem", file[file.LastIndexOf("-----BEGIN", StringComparison.Ordinal)..]);
        openssl.Write("pass", TestOfficers.PassphraseOf("alice"));
        openssl.Run("cms", "-decrypt", "-inform", "DER", "-in", "share.der", "-inkey", "receiving.pem", "-passin", "file:pass", "-binary", "-out", "share.bin");
        var share = openssl.Read("share.bin");
        Assert.Equal("APS1" + secret.Id.ToUpperInvariant() + "0102" + "05", Encoding.ASCII.GetString(share, 0, 4) + Convert.ToHexString(share, 4, 19));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1,2]")]
    [InlineData("{\"version\":1,\"id\":\"00000000000000000000000000000000\",\"purpose\":\"\",\"threshold\":2,\"shares\":[]}")]
    public void TryParse_NotOne_SaysSo(string json) => Assert.False(SealedSecret.TryParse(Encoding.UTF8.GetBytes(json), out _, out _));

    private static async Task<SealedSecret> SealAsync(TestOfficers officers) =>
        await SealedSecret.SealAsync(Pin, "user PIN of token t", officers.Roster, TestOfficers.Software, CancellationToken.None);

    private static async Task<List<OpenedShare>> SharesAsync(SealedSecret secret, TestOfficers officers, params string[] names)
    {
        var shares = new List<OpenedShare>();
        foreach (var name in names)
        {
            await using var key = officers.Open(name);
            var (share, problem) = await secret.OpenShareAsync(key, CancellationToken.None);
            shares.Add(share ?? throw new InvalidOperationException(problem));
        }

        return shares;
    }
}
