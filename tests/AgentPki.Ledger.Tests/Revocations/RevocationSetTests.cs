using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Revocations;
using CsCheck;
using Xunit;

namespace AgentPki.Ledger.Tests.Revocations;

public sealed class RevocationSetTests
{
    [Fact]
    public void Contains_AnyMembers_AreInAndOthersAreOut() =>
        Gen.ULong.Array[0, 700].Sample(
            members =>
            {
                var (octets, commitment) = Build(members);
                var set = Read(octets, commitment);
                var known = members.ToHashSet();
                Assert.Equal(known.Count, commitment.Count);
                Assert.DoesNotContain(members, m => !set.Contains(new(m)));
                Assert.DoesNotContain(members.SelectMany(m => new[] { m + 1, m - 1, m ^ (1UL << 63) }).Where(m => !known.Contains(m)), m => set.Contains(new(m)));
            },
            iter: 25);

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(128, 0)]
    [InlineData(129, 1)]
    [InlineData(5000, 6)]
    public void Write_OfMany_HasBucketsOfAtMost128OnAverage(int count, int bits)
    {
        var (_, commitment) = Build(Members(count));
        Assert.Equal((bits, count), (commitment.BucketBits, (int)commitment.Count));
    }

    [Fact]
    public void Write_MoreThanAChunk_IsTheSameSet()
    {
        var members = Members(10_000);
        var (octets, commitment) = Build(members);
        var (spilled, same) = Build([.. members, .. members[..100]], chunk: 1000);
        Assert.Equal(commitment.Root, same.Root);
        Assert.Equal(octets, spilled);
    }

    [Fact]
    public void Write_TheExtremes_AreMembers()
    {
        var set = Read(Build([0UL, 1UL, ulong.MaxValue, ulong.MaxValue - 1, 1UL << 63, .. Members(300)]));
        Assert.All(new[] { 0UL, 1UL, ulong.MaxValue, ulong.MaxValue - 1UL, 1UL << 63 }, m => Assert.True(set.Contains(new(m))));
        Assert.False(set.Contains(new(2)));
    }

    [Fact]
    public void Write_AHundredThousand_TakesLessThanEightOctetsEach()
    {
        var (octets, commitment) = Build(Members(100_000));
        Assert.Equal(10, commitment.BucketBits);
        Assert.InRange(octets.Length, 100_000, 800_000);
    }

    [Fact]
    public void TryRead_AnyOctetChanged_IsRefused()
    {
        var (octets, commitment) = Build(Members(300));
        for (var i = 0; i < octets.Length; i++)
        {
            foreach (var flip in new byte[] { 1, 0x80, 0xff })
            {
                octets[i] ^= flip;
                Assert.False(RevocationSet.TryRead(octets, commitment, out _, out var error));
                Assert.NotEmpty(error);
                octets[i] ^= flip;
            }
        }

        Assert.False(RevocationSet.TryRead(octets.AsMemory(1), commitment, out _, out _));
        Assert.False(RevocationSet.TryRead(new byte[octets.Length + 1], commitment, out _, out _));
        Assert.True(RevocationSet.TryRead(octets, commitment, out _, out _));
    }

    [Fact]
    public void TryRead_AnotherCommitment_IsRefused()
    {
        var (octets, commitment) = Build(Members(300));
        Assert.All(
            new[]
            {
                commitment with { Count = commitment.Count + 1 }, commitment with { BucketBits = 1 }, commitment with { BucketBits = 3 }, commitment with { BucketBits = 25 },
                commitment with { BucketBits = -1 }, commitment with { Octets = commitment.Octets - 1 }, commitment with { Root = MerkleTree.EmptyRoot }, commitment with { Count = -1 },
            },
            wrong => Assert.False(RevocationSet.TryRead(octets, wrong, out _, out _)));
    }

    [Fact]
    public void TryRead_AnyOctetsAtAll_AreRefusedWithoutAnException() =>
        Gen.Select(Gen.Byte.Array[0, 400], Gen.Int[0, 6], Gen.Int[0, 300]).Sample(
            (octets, bits, count) => Assert.False(RevocationSet.TryRead(octets, new RevocationSetCommitment(MerkleTree.EmptyRoot, bits, count, octets.Length), out _, out _)),
            iter: 1000);

    [Fact]
    public void Bucket_WithItsPath_SaysTheSameAsTheSet()
    {
        var members = Members(2000);
        var (octets, commitment) = Build(members);
        var serving = new RevocationSetServing(Read(octets, commitment));
        foreach (var member in members.Concat(members.Select(m => m + 1)))
        {
            var index = new RevocationMember(member).BucketOf(commitment.BucketBits);
            Assert.True(RevocationBucket.TryRead(serving.BucketWithPath(index), index, commitment, out var bucket, out _));
            Assert.Equal(serving.Set.Contains(new(member)), bucket.Contains(new(member)));
        }

        Assert.Null(serving.BucketWithPath(-1));
        Assert.Null(serving.BucketWithPath(commitment.Buckets));
    }

    [Fact]
    public void Bucket_AnyOctetChangedOrAnotherPlace_IsRefused()
    {
        var (octets, commitment) = Build(Members(700));
        var sent = new RevocationSetServing(Read(octets, commitment)).BucketWithPath(2)!;
        for (var i = 0; i < sent.Length; i++)
        {
            sent[i] ^= 1;
            Assert.False(RevocationBucket.TryRead(sent, 2, commitment, out _, out _));
            sent[i] ^= 1;
        }

        Assert.All(new[] { -1, 0, 1, 3, 8 }, other => Assert.False(RevocationBucket.TryRead(sent, other, commitment, out _, out _)));
        Assert.All(Enumerable.Range(0, sent.Length), length => Assert.False(RevocationBucket.TryRead(sent.AsMemory(0, length), 2, commitment, out _, out _)));
        Assert.True(RevocationBucket.TryRead(sent, 2, commitment, out _, out _));
    }

    [Fact]
    public void Member_OfIssuerAndSerial_IsTheStartOfTheirHash()
    {
        // SHA-256 of 01 02 03 04 begins with 9f64a747e1b97f13.
        Assert.Equal("9f64a747e1b97f13", RevocationMember.Of([1, 2], [3, 4]).ToString());
        Assert.Equal(0b1001, RevocationMember.Of([1, 2], [3, 4]).BucketOf(4));
    }

    private static ulong[] Members(int count)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ => (ulong)random.NextInt64(long.MinValue, long.MaxValue))];
    }

    private static (byte[] Octets, RevocationSetCommitment Commitment) Build(ulong[] members, int chunk = RevocationSetBuilder.DefaultChunk)
    {
        using var builder = new RevocationSetBuilder(chunk);
        Array.ForEach(members, m => builder.Add(new(m)));
        using var output = new MemoryStream();
        var commitment = builder.Write(output);
        Assert.Equal(output.Length, commitment.Octets);
        Assert.True(commitment.IsSound);
        return (output.ToArray(), commitment);
    }

    private static RevocationSet Read((byte[] Octets, RevocationSetCommitment Commitment) built) => Read(built.Octets, built.Commitment);

    private static RevocationSet Read(byte[] octets, RevocationSetCommitment commitment)
    {
        Assert.True(RevocationSet.TryRead(octets, commitment, out var set, out var error), error);
        return set;
    }
}
