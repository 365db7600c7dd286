using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Revocations;
using AgentPki.Testing.Jose;
using CsCheck;
using Xunit;

namespace AgentPki.Ledger.Tests.Revocations;

public sealed class RevocationStatementTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_790_000_000_123);
    private static readonly ReadOnlyMemory<byte>[] Authorities = [new byte[] { 1, 2, 3 }, new byte[20]];
    private static readonly StatedSet Set = new("s7-0a", new(MerkleTree.EmptyRoot, 1, 200, 1300));

    public static TheoryData<string> Kinds => [.. Samples.Keys];

    private static Dictionary<string, RevocationStatement> Samples { get; } = new()
    {
        ["heartbeat"] = new HeartbeatStatement("f/1", 7, Now, Authorities),
        ["snapshot"] = new SnapshotStatement("f/1", 0, Now, [], Set),
        ["revoked"] = new RevocationEventStatement("f/1", 8, Now, Authorities, false, 1, Now.AddSeconds(-1), 2, [new(0, new byte[] { 0x7f }), new(1, new byte[20])], null),
        ["set"] = new RevocationEventStatement("f/1", 9, Now, Authorities, false, 6, Now, 200, [], Set),
        ["released"] = new RevocationEventStatement("f/1", 10, Now, Authorities, true, 8, Now, 0, [], null),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TryParse_WhatWasEncoded_IsTheSame(string kind)
    {
        var statement = Samples[kind];
        Assert.True(RevocationStatement.TryParse(statement.Encode(), out var read, out var error), error);
        Assert.IsType(statement.GetType(), read);
        Assert.Equal((statement.Feed, statement.Sequence, statement.Signed), (read.Feed, read.Sequence, read.Signed));
        Assert.Equal(statement.Authorities.Select(a => Convert.ToHexString(a.Span)), read.Authorities.Select(a => Convert.ToHexString(a.Span)));
        Assert.Equal(statement.Encode(), read.Encode());
    }

    [Theory]
    [InlineData("revoked", "\"kind\":\"event\"", "\"kind\":\"other\"")]
    [InlineData("revoked", "\"sequence\":8", "\"sequence\":0")]
    [InlineData("revoked", "\"sequence\":8", "\"sequence\":-1")]
    [InlineData("revoked", "\"sequence\":8", "\"sequence\":8,\"sequence\":9")]
    [InlineData("revoked", "\"sequence\":8,", "")]
    [InlineData("revoked", "\"feed\":\"f/1\"", "\"feed\":\"\"")]
    [InlineData("revoked", "\"count\":2", "\"count\":3")]
    [InlineData("revoked", "\"authority\":1", "\"authority\":2")]
    [InlineData("revoked", "\"serial\":\"7f\"", "\"serial\":\"7F\"")]
    [InlineData("revoked", "\"serial\":\"7f\"", "\"serial\":\"7\"")]
    [InlineData("revoked", "\"serial\":\"7f\"", "\"serial\":\"\"")]
    [InlineData("revoked", "\"action\":\"revoked\"", "\"action\":\"forgotten\"")]
    [InlineData("revoked", "AQID", "AQI=")]
    [InlineData("set", "\"name\":\"s7-0a\"", "\"name\":\"../x\"")]
    [InlineData("set", "\"bucketBits\":1", "\"bucketBits\":25")]
    [InlineData("set", "\"count\":200,\"octets\"", "\"count\":1e9,\"octets\"")]
    [InlineData("set", "\"octets\":1300", "\"octets\":13000000")]
    [InlineData("set", "\"root\":\"47DE", "\"root\":\"47D")]
    [InlineData("snapshot", "\"set\":{", "\"sets\":{")]
    [InlineData("heartbeat", "\"signed\":1790000000123", "\"signed\":253402300800000")]
    public void TryParse_AMemberThatIsWrong_IsRefused(string kind, string what, string instead)
    {
        var text = Encoding.UTF8.GetString(Samples[kind].Encode());
        Assert.Contains(what, text, StringComparison.Ordinal);
        Assert.False(RevocationStatement.TryParse(Encoding.UTF8.GetBytes(text.Replace(what, instead, StringComparison.Ordinal)), out _, out var error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void TryParse_MembersOfLaterBuilds_ArePassedOver()
    {
        var text = Encoding.UTF8.GetString(Samples["heartbeat"].Encode()).Replace("{\"kind\"", "{\"later\":[{\"a\":1}],\"kind\"", StringComparison.Ordinal);
        Assert.True(RevocationStatement.TryParse(Encoding.UTF8.GetBytes(text), out _, out _));
    }

    [Fact]
    public void TryParse_AnyChangeOfAnyOctet_NeverThrows() =>
        Gen.Select(Gen.Int[0, Samples.Count - 1], Gen.Int[0, 2000], Gen.Byte, Gen.Int[0, 3]).Sample(
            (sample, at, octet, cut) =>
            {
                var changed = Samples.Values.ElementAt(sample).Encode();
                changed[at % changed.Length] = octet;
                if (RevocationStatement.TryParse(changed.AsSpan(0, changed.Length - cut), out var read, out _))
                {
                    Assert.True(RevocationStatement.TryParse(read.Encode(), out _, out _));
                }
            },
            iter: 1500);

    [Fact]
    public async Task SignAsync_AnyKeyThatJoseKnows_VerifiesAndNoOctetMayChange()
    {
        foreach (var kind in new[] { KeyAlgorithm.EcdsaP256, KeyAlgorithm.EcdsaP384, KeyAlgorithm.Ed25519 })
        {
            var key = JwsMaker.Key(kind, 3);
            var text = await CompactJws.SignAsync(key, RevocationStatement.JwsType, new byte[32], Samples["set"].Encode(), TestContext.Current.CancellationToken);
            Assert.True(CompactJws.TryParse(text, out var jws, out _));
            Assert.Equal((RevocationStatement.JwsType, 32), (jws.Type, jws.CertificateThumbprint.Length));
            Assert.True(jws.Verify(key.PublicKey, JwsMaker.Providers));
            for (var i = 0; i < text.Length; i += 13)
            {
                var changed = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
                Assert.False(CompactJws.TryParse(changed, out var other, out _) && other.Verify(key.PublicKey, JwsMaker.Providers));
            }
        }
    }
}
