using System.Security.Cryptography;
using AgentPki.Ledger.Merkle;
using CsCheck;
using Xunit;

namespace AgentPki.Ledger.Tests.Merkle;

public sealed class MerkleTreeTests
{
    // The eight leaves, heads and paths that the implementations of Certificate Transparency (RFC 6962, RFC 9162) test each other with.
    private static readonly string[] CtLeaves =
    [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ];

    private static readonly string[] CtRoots =
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    private static MerkleHash Hex(string hex) => new(Convert.FromHexString(hex));

    private static MerkleHash[] CtLeafHashes => [.. CtLeaves.Select(leaf => MerkleTree.HashLeaf(Convert.FromHexString(leaf)))];

    [Fact]
    public void EmptyRoot_IsTheHashOfNothing() =>
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", MerkleTree.EmptyRoot.ToString());

    [Fact]
    public void Frontier_CtVectors_HasTheirRoots()
    {
        var frontier = new MerkleFrontier();
        Assert.Equal(MerkleTree.EmptyRoot, frontier.Root());
        for (var i = 0; i < CtLeaves.Length; i++)
        {
            frontier.Append(CtLeafHashes[i]);
            Assert.Equal(CtRoots[i], frontier.Root().ToString());
        }
    }

    public static TheoryData<int, int, string[]> CtInclusion => new()
    {
        { 0, 1, [] },
        { 0, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"] },
        { 5, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"] },
        { 2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"] },
        { 1, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"] },
    };

    [Theory]
    [MemberData(nameof(CtInclusion))]
    public async Task Inclusion_CtVectors_AreMadeAndVerify(int index, int size, string[] path)
    {
        var proof = await new MerkleProver(new HashList(CtLeafHashes)).InclusionProofAsync(index, size, default);

        Assert.Equal(path, proof.Select(hash => hash.ToString()));
        Assert.True(MerkleTree.VerifyInclusion(CtLeafHashes[index], index, size, [.. path.Select(Hex)], Hex(CtRoots[size - 1])));
    }

    public static TheoryData<int, int, string[]> CtConsistency => new()
    {
        { 1, 1, [] },
        { 1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"] },
        { 6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"] },
        { 2, 5, ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"] },
    };

    [Theory]
    [MemberData(nameof(CtConsistency))]
    public async Task Consistency_CtVectors_AreMadeAndVerify(int first, int second, string[] path)
    {
        var proof = await new MerkleProver(new HashList(CtLeafHashes)).ConsistencyProofAsync(first, second, default);

        Assert.Equal(path, proof.Select(hash => hash.ToString()));
        Assert.True(MerkleTree.VerifyConsistency(first, Hex(CtRoots[first - 1]), second, Hex(CtRoots[second - 1]), [.. path.Select(Hex)]));
    }

    /// <summary>Sizes around the stored level's boundary (256) and any below 700.</summary>
    private static readonly Gen<int> Sizes = Gen.OneOf(Gen.Int[1, 700], Gen.Int[255, 257], Gen.Int[511, 513]);

    [Fact]
    public void Inclusion_EveryTree_VerifiesAndNothingElseDoes() => Gen.Select(Sizes, Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue]).Sample(
        (size, i, j) =>
        {
            var (index, other) = (i % size, j % size);
            var (leaves, prover) = Tree(size);
            var root = Root(leaves, size);
            Assert.Equal(root, prover.RootAsync(size, default).AsTask().Result);
            var proof = prover.InclusionProofAsync(index, size, default).AsTask().Result;

            Assert.True(MerkleTree.VerifyInclusion(leaves[index], index, size, proof, root));
            Assert.False(MerkleTree.VerifyInclusion(leaves[index], index, size, [.. proof, root], root));
            Assert.False(MerkleTree.VerifyInclusion(leaves[index], size, size, proof, root));
            Assert.False(MerkleTree.VerifyInclusion(leaves[index], -1, size, proof, root));
            if (other != index)
            {
                Assert.False(MerkleTree.VerifyInclusion(leaves[other], index, size, proof, root));
                Assert.False(MerkleTree.VerifyInclusion(leaves[index], other, size, proof, root));
            }

            for (var k = 0; k < proof.Count; k++)
            {
                var bent = proof.ToArray();
                bent[k] = leaves[index] == bent[k] ? root : leaves[index];
                Assert.False(MerkleTree.VerifyInclusion(leaves[index], index, size, bent, root));
                Assert.False(MerkleTree.VerifyInclusion(leaves[index], index, size, [.. proof.Take(k)], root));
            }
        },
        iter: 200);

    [Fact]
    public void Consistency_EveryPair_VerifiesAndNothingElseDoes() => Gen.Select(Sizes, Gen.Int[0, int.MaxValue]).Sample(
        (second, seed) =>
        {
            var first = 1 + (seed % second);
            var (leaves, prover) = Tree(second);
            var (firstRoot, secondRoot) = (Root(leaves, first), Root(leaves, second));
            var proof = prover.ConsistencyProofAsync(first, second, default).AsTask().Result;

            Assert.True(MerkleTree.VerifyConsistency(first, firstRoot, second, secondRoot, proof));
            Assert.False(MerkleTree.VerifyConsistency(first, MerkleTree.EmptyRoot, second, secondRoot, proof));
            Assert.False(MerkleTree.VerifyConsistency(first, firstRoot, second, MerkleTree.EmptyRoot, proof));
            Assert.False(MerkleTree.VerifyConsistency(second + 1, firstRoot, second, secondRoot, proof));
            Assert.False(MerkleTree.VerifyConsistency(first, firstRoot, second, secondRoot, [.. proof, firstRoot]));
            for (var k = 0; k < proof.Count; k++)
            {
                Assert.False(MerkleTree.VerifyConsistency(first, firstRoot, second, secondRoot, [.. proof.Take(k)]));
            }
        },
        iter: 200);

    [Fact]
    public void Consistency_FromNothing_NeedsNoProof()
    {
        var root = Hex(CtRoots[7]);
        Assert.True(MerkleTree.VerifyConsistency(0, MerkleTree.EmptyRoot, 8, root, []));
        Assert.False(MerkleTree.VerifyConsistency(0, root, 8, root, []));
        Assert.False(MerkleTree.VerifyConsistency(0, MerkleTree.EmptyRoot, 8, root, [root]));
        Assert.False(MerkleTree.VerifyConsistency(8, root, 8, Hex(CtRoots[6]), []));
    }

    [Fact]
    public void Frontier_RebuiltFromSubtrees_GrowsAsTheOriginal() => Gen.Select(Sizes, Gen.Int[1, 40]).Sample(
        (size, more) =>
        {
            var (leaves, prover) = Tree(size + more);
            var rebuilt = prover.FrontierAsync(size, default).AsTask().Result;
            Assert.Equal((size, Root(leaves, size)), (rebuilt.Size, rebuilt.Root()));
            for (var i = size; i < size + more; i++)
            {
                rebuilt.Append(leaves[i]);
            }

            Assert.Equal(Root(leaves, size + more), rebuilt.Root());
        },
        iter: 100);

    [Fact]
    public void AppendSubtree_NotAligned_Throws()
    {
        var frontier = new MerkleFrontier();
        frontier.Append(CtLeafHashes[0]);
        Assert.Throws<ArgumentException>(() => frontier.AppendSubtree(1, CtLeafHashes[1]));
    }

    [Fact]
    public void Append_ReportsEveryCompletedSubtreeOnce()
    {
        var frontier = new MerkleFrontier();
        var completed = new List<(int, long)>();
        foreach (var leaf in CtLeafHashes)
        {
            frontier.Append(leaf, (level, position, _) => completed.Add((level, position)));
        }

        Assert.Equal([(1, 0), (1, 1), (2, 0), (1, 2), (1, 3), (2, 1), (3, 0)], completed);
    }

    private static (MerkleHash[] Leaves, MerkleProver Prover) Tree(int size)
    {
        var leaves = Enumerable.Range(0, size).Select(i => MerkleTree.HashLeaf(BitConverter.GetBytes(i))).ToArray();
        return (leaves, new MerkleProver(new HashList(leaves)));
    }

    /// <summary>RFC 9162 §2.1.1 as it is written, by recursion: independent of the frontier and of the prover.</summary>
    private static MerkleHash Root(ReadOnlySpan<MerkleHash> leaves, int size)
    {
        if (size == 1)
        {
            return leaves[0];
        }

        var k = 1;
        while (k * 2 < size)
        {
            k *= 2;
        }

        var (left, right) = (Root(leaves, k), Root(leaves[k..], size - k));
        return new MerkleHash(SHA256.HashData([0x01, .. left.ToByteArray(), .. right.ToByteArray()]));
    }

    private sealed class HashList(MerkleHash[] leaves) : IMerkleNodes
    {
        public ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken)
        {
            Assert.Equal(0, level % MerkleProver.LevelStep);
            Assert.InRange(count, 1, 255);
            return new([.. Enumerable.Range((int)first, count).Select(i => Root(leaves.AsSpan(i << level), 1 << level))]);
        }
    }
}
