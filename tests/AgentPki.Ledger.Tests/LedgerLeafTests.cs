using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Ledger.Merkle;
using CsCheck;
using Xunit;

namespace AgentPki.Ledger.Tests;

public sealed class LedgerLeafTests
{
    private static readonly Gen<LedgerLeaf> Leaves = Gen.Select(
        Gen.Byte.Array[16],
        Gen.Long[1, long.MaxValue],
        Gen.Long[0, long.MaxValue],
        Gen.Long[-62_135_596_800_000, 253_402_300_799_999],
        Gen.UShort,
        Gen.Byte.Array[32],
        (log, epoch, index, time, kind, commitment) => new LedgerLeaf(LogId.FromBytes(log), epoch, index, time, (LedgerEntryKind)kind, new MerkleHash(commitment)));

    private static readonly Gen<LedgerDetails> Details = Gen.Select(Gen.String, Gen.Dictionary(Gen.String, Gen.String)[0, 8], (actor, facts) => new LedgerDetails(actor, facts.ToImmutableSortedDictionary(StringComparer.Ordinal)));

    [Fact]
    public void Leaf_Encoded_ReadsBack() => Leaves.Sample(leaf =>
    {
        var encoded = leaf.Encode();
        Assert.Equal(LedgerLeaf.EncodedSize, encoded.Length);
        Assert.True(LedgerLeaf.TryDecode(encoded, out var decoded));
        Assert.Equal(leaf, decoded);
        Assert.Equal(MerkleTree.HashLeaf(encoded), leaf.Hash());
    });

    [Fact]
    public void Leaf_AnyOctetChanged_HasAnotherHash() => Gen.Select(Leaves, Gen.Int[0, LedgerLeaf.EncodedSize - 1], Gen.Byte[1, 255]).Sample((leaf, at, flip) =>
    {
        var encoded = leaf.Encode();
        encoded[at] ^= flip;
        Assert.False(LedgerLeaf.TryDecode(encoded, out var changed) && changed.Hash() == leaf.Hash());
        Assert.False(LedgerLeaf.TryDecode(encoded.AsSpan(1), out _));
    });

    [Fact]
    public void Leaf_Known_HasTheDocumentedForm()
    {
        Assert.True(LogId.TryParse("000102030405060708090a0b0c0d0e0f", out var log));
        var leaf = new LedgerLeaf(log, 2, 3, 1_700_000_000_123, LedgerEntryKind.CertificateIssued, new MerkleHash([.. Enumerable.Repeat((byte)0xEE, 32)]));

        Assert.Equal(
            "01000102030405060708090a0b0c0d0e0f000000000000000200000000000000030000018bcfe5687b000a" + string.Concat(Enumerable.Repeat("ee", 32)),
            Convert.ToHexStringLower(leaf.Encode()));
    }

    [Fact]
    public void Details_Encoded_ReadBack_WithOneEncodingOnly() => Details.Sample(details =>
    {
        var encoded = details.Encode();
        Assert.True(LedgerDetails.TryDecode(encoded, out var decoded));
        Assert.Equal(encoded, decoded.Encode());
        Assert.False(LedgerDetails.TryDecode([.. encoded, 0], out _));
        Assert.False(LedgerDetails.TryDecode(encoded.AsSpan(0, encoded.Length - 1), out _));
    });

    [Fact]
    public void Details_OrderOfMaking_DoesNotMatter()
    {
        var reversed = ImmutableSortedDictionary.Create<string, string>(Comparer<string>.Create((a, b) => string.CompareOrdinal(b, a)));
        var ordinal = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        foreach (var name in new[] { "b", "a", "B", "" })
        {
            (reversed, ordinal) = (reversed.Add(name, "v"), ordinal.Add(name, "v"));
        }

        Assert.Equal(new LedgerDetails("x", ordinal).Encode(), new LedgerDetails("x", reversed).Encode());
    }

    [Fact]
    public void Details_LoneSurrogate_IsReplacedNotThrown()
    {
        var encoded = new LedgerDetails("a\uD800b", ImmutableSortedDictionary<string, string>.Empty).Encode();

        Assert.True(LedgerDetails.TryDecode(encoded, out var details));
        Assert.Equal("a\uFFFDb", details.Actor);
    }

    [Fact]
    public void Details_Noise_IsRefusedNotThrown() => Gen.Byte.Array[0, 200].Sample(noise =>
    {
        if (LedgerDetails.TryDecode(noise, out var details))
        {
            Assert.Equal(noise, details.Encode());
        }
    });

    [Fact]
    public void Commitment_CoversSaltHeaderAndDetails() => Gen.Select(Leaves, Details, Gen.Byte.Array[32]).Sample((leaf, details, salt) =>
    {
        var encoded = details.Encode();
        var committed = leaf with { Commitment = LedgerCommitment.Compute(salt, leaf.LogId, leaf.Epoch, leaf.Index, leaf.TimeMilliseconds, leaf.Kind, encoded) };

        Assert.True(LedgerCommitment.Matches(committed, salt, encoded));
        Assert.False(LedgerCommitment.Matches(committed with { Index = leaf.Index ^ 1 }, salt, encoded));
        Assert.False(LedgerCommitment.Matches(committed with { Epoch = leaf.Epoch ^ 1 }, salt, encoded));
        Assert.False(LedgerCommitment.Matches(committed with { TimeMilliseconds = leaf.TimeMilliseconds ^ 1 }, salt, encoded));
        Assert.False(LedgerCommitment.Matches(committed with { Kind = leaf.Kind ^ LedgerEntryKind.EpochStarted }, salt, encoded));
        Assert.False(LedgerCommitment.Matches(committed with { LogId = LogId.Generate() }, salt, encoded));
        Assert.False(LedgerCommitment.Matches(committed, RandomNumberGenerator.GetBytes(32), encoded));
        Assert.False(LedgerCommitment.Matches(committed, salt, [.. encoded, 1]));
    });

    [Theory]
    [InlineData("000102030405060708090a0b0c0d0e0f", true)]
    [InlineData("000102030405060708090A0b0c0d0e0f", false)]
    [InlineData("000102030405060708090a0b0c0d0e0", false)]
    [InlineData("000102030405060708090a0b0c0d0e0g", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void LogId_Text_IsThirtyTwoLowerCaseDigits(string? text, bool valid)
    {
        Assert.Equal(valid, LogId.TryParse(text, out var id));
        Assert.True(!valid || id.ToString() == text);
    }
}
