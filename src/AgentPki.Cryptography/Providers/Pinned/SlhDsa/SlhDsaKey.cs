using System.Buffers.Binary;
using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Pinned.SlhDsa;

/// <summary>An SLH-DSA private key (FIPS 205 §9).</summary>
internal sealed class SlhDsaKey : PinnedKey
{
    private readonly SlhDsaParameters _set;
    private readonly PinnedMemory _memory;
    private readonly byte[] _publicKey;

    /// <exception cref="ArgumentException">The secret is not that public key's.</exception>
    public SlhDsaKey(KeyAlgorithm algorithm, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> publicKey)
        : base(algorithm)
    {
        _set = SlhDsaParameters.Of(algorithm);
        var n = _set.N;
        if (!publicKey.IsEmpty && !(publicKey.Length == 2 * n && publicKey[..n].SequenceEqual(secret[(2 * n)..])))
        {
            throw new ArgumentException("The secret is not that of the public key.", nameof(publicKey));
        }

        _memory = new PinnedMemory(2 * n);
        secret[..(2 * n)].CopyTo(_memory.GetSpan());
        // Algorithm 18, slh_keygen_internal(SK.seed, SK.prf, PK.seed): PK = PK.seed ‖ PK.root
        _publicKey = publicKey.IsEmpty ? [.. secret[(2 * n)..], .. new byte[n]] : publicKey.ToArray();
        if (publicKey.IsEmpty)
        {
            using var work = new PinnedMemory(HyperTree.MemorySize(_set));
            new HyperTree(_set, SecretSeed, PublicSeed, work).Root(_publicKey.AsSpan(n));
        }
    }

    private ReadOnlySpan<byte> SecretSeed => _memory.GetSpan()[.._set.N];

    private ReadOnlySpan<byte> PrfKey => _memory.GetSpan()[_set.N..];

    private ReadOnlySpan<byte> PublicSeed => _publicKey.AsSpan(0, _set.N);

    public override byte[] PublicKeyBits() => (byte[])_publicKey.Clone();

    protected override void Dispose(bool disposing) => ((IDisposable)_memory).Dispose();

    /// <summary>Algorithm 22, slh_sign(M, ctx, SK), and algorithm 19, slh_sign_internal(M, SK, addrnd), which it ends in.</summary>
    private protected override byte[] SignCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, bool deterministic)
    {
        var n = _set.N;
        using var work = new PinnedMemory(HyperTree.MemorySize(_set) + 1024);
        var tree = new HyperTree(_set, SecretSeed, PublicSeed, work);
        var random = work.Take<byte>(n);
        var digest = work.Take<byte>(_set.DigestSize);
        var value = work.Take<byte>(n);
        var prefix = work.Take<byte>(2 + context.Length);
        var signature = new byte[_set.SignatureSize];
        // Algorithm 22, 8: M′ ← toByte(0, 1) ‖ toByte(|ctx|, 1) ‖ ctx ‖ M
        (prefix[0], prefix[1]) = (0, (byte)context.Length);
        context.CopyTo(prefix[2..]);
        // 2: opt_rand ← addrnd (hedged), or PK.seed (deterministic)
        if (deterministic)
        {
            PublicSeed.CopyTo(random);
        }
        else
        {
            RandomNumberGenerator.Fill(random);
        }

        // 3: R ← PRF_msg(SK.prf, opt_rand, M); 4: SIG ← R
        var randomizer = signature.AsSpan(0, n);
        tree.Randomize(PrfKey, random, prefix, message, randomizer);
        // 5: digest ← H_msg(R, PK.seed, PK.root, M)
        tree.Digest(randomizer, _publicKey.AsSpan(n), prefix, message, digest);
        // 6: md ← digest[0 : ⌈k·a/8⌉]; 7-8: the following ⌈(h - h/d)/8⌉ and ⌈h/8d⌉ octets
        var mdSize = ((_set.K * _set.A) + 7) / 8;
        var treeSize = (_set.H - _set.TreeHeight + 7) / 8;
        // 9: idx_tree ← toInt(…) mod 2^(h - h/d); 10: idx_leaf ← toInt(…) mod 2^(h/d)
        var treeIndex = ToInteger(digest.Slice(mdSize, treeSize), _set.H - _set.TreeHeight);
        var leafIndex = (int)ToInteger(digest.Slice(mdSize + treeSize, (_set.TreeHeight + 7) / 8), _set.TreeHeight);
        // 14: SIG_FORS ← fors_sign(md, …); 16: PK_FORS ← fors_pkFromSig(SIG_FORS, md, …)
        var forsSize = _set.K * (1 + _set.A) * n;
        tree.SignFors(digest[..mdSize], treeIndex, leafIndex, signature.AsSpan(n, forsSize), value);
        // 17: SIG_HT ← ht_sign(PK_FORS, SK.seed, PK.seed, idx_tree, idx_leaf)
        tree.SignHyperTree(value, treeIndex, leafIndex, signature.AsSpan(n + forsSize));
        return signature;
    }

    private static ulong ToInteger(ReadOnlySpan<byte> octets, int bits)
    {
        Span<byte> padded = stackalloc byte[8];
        octets.CopyTo(padded[^octets.Length..]);
        return BinaryPrimitives.ReadUInt64BigEndian(padded) & (bits == 64 ? ulong.MaxValue : (1UL << bits) - 1);
    }
}
