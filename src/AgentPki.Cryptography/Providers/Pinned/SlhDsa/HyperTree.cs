namespace AgentPki.Cryptography.Providers.Pinned.SlhDsa;

/// <summary>WOTS+, XMSS, the hypertree and FORS (FIPS 205 §5 to §8) over one SK.seed. All of its memory is the caller's.</summary>
internal ref struct HyperTree
{
    private readonly SlhDsaParameters _set;
    private readonly ReadOnlySpan<byte> _secretSeed;
    private readonly Address _address, _prfAddress;
    private readonly Span<byte> _chains, _secret, _nodes, _roots;
    private readonly Span<int> _digits;
    private TweakableHash _hash;

    public HyperTree(SlhDsaParameters set, ReadOnlySpan<byte> secretSeed, ReadOnlySpan<byte> publicSeed, PinnedMemory memory)
    {
        _set = set;
        _secretSeed = secretSeed;
        _hash = new TweakableHash(set, publicSeed, memory);
        _address = new Address(memory.Take<byte>(Address.Size));
        _prfAddress = new Address(memory.Take<byte>(Address.Size));
        _chains = memory.Take<byte>(set.Chains * set.N);
        _secret = memory.Take<byte>(set.N);
        _nodes = memory.Take<byte>(16 * 2 * set.N);
        _roots = memory.Take<byte>(set.K * set.N);
        _digits = memory.Take<int>(set.Chains);
    }

    /// <summary>The octets this takes of the memory it is given.</summary>
    public static int MemorySize(SlhDsaParameters set) => TweakableHash.MemorySize + ((set.Chains + 1 + 32 + set.K) * set.N) + (set.Chains * sizeof(int)) + 512;

    /// <summary>Algorithm 18, slh_keygen_internal, 2-3: the root of the topmost tree.</summary>
    public void Root(Span<byte> root)
    {
        _address.SetLayer(_set.D - 1);
        _address.SetTree(0);
        Tree(false, 0, 0, _set.TreeHeight, -1, default, root);
    }

    /// <summary>The hash functions over the same PK.seed.</summary>
    public void Randomize(ReadOnlySpan<byte> prfKey, ReadOnlySpan<byte> random, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> message, Span<byte> randomizer) =>
        _hash.PrfMessage(prfKey, random, prefix, message, randomizer);

    public void Digest(ReadOnlySpan<byte> randomizer, ReadOnlySpan<byte> root, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> message, Span<byte> digest) =>
        _hash.DigestMessage(randomizer, root, prefix, message, digest);

    /// <summary>Algorithm 16, fors_sign(md, SK.seed, PK.seed, ADRS), and the public key that algorithm 17 would compute of it: the roots are at hand.</summary>
    public void SignFors(ReadOnlySpan<byte> md, ulong tree, int leaf, Span<byte> signature, Span<byte> publicKey)
    {
        var n = _set.N;
        _address.SetLayer(0);
        _address.SetTree(tree);
        for (var i = 0; i < _set.K; i++)
        {
            // 2: indices ← base_2b(md, a, k)
            var index = Digit(md, _set.A, i);
            var part = signature.Slice(i * (1 + _set.A) * n, (1 + _set.A) * n);
            // 4: SIG_FORS ← SIG_FORS ‖ fors_skGen(SK.seed, PK.seed, ADRS, i·2^a + indices[i])
            ForsSecret((i << _set.A) + index, leaf, part[..n]);
            // 5-8: AUTH[j] ← fors_node(SK.seed, i·2^(a-j) + s, j, PK.seed, ADRS)
            Tree(true, leaf, i << _set.A, _set.A, index, part[n..], _roots.Slice(i * n, n));
        }

        // Algorithm 17, 21-24: pk ← T_k(PK.seed, forspkADRS, root)
        _address.SetType(AddressType.ForsRoots, leaf);
        _hash.T(_address, _roots, publicKey);
    }

    /// <summary>Algorithm 12, ht_sign(M, SK.seed, PK.seed, idx_tree, idx_leaf). Each root is at hand, so that xmss_pkFromSig is not needed.</summary>
    public void SignHyperTree(Span<byte> message, ulong tree, int leaf, Span<byte> signature)
    {
        var (n, height) = (_set.N, _set.TreeHeight);
        var size = (_set.Chains + height) * n;
        // 7: for j from 1 to d - 1, after layer 0
        for (var layer = 0; layer < _set.D; layer++)
        {
            // 10: ADRS.setLayerAddress(j); 11: ADRS.setTreeAddress(idx_tree)
            _address.SetLayer(layer);
            _address.SetTree(tree);
            // 12: SIG_tmp ← xmss_sign(root, SK.seed, idx_leaf, PK.seed, ADRS)
            var part = signature.Slice(layer * size, size);
            SignWots(message, leaf, part[..(_set.Chains * n)]);
            Tree(false, 0, 0, height, leaf, part[(_set.Chains * n)..], message);
            // 8: idx_leaf ← idx_tree mod 2^h′; 9: idx_tree ← idx_tree >> h′
            leaf = (int)(tree & ((1UL << height) - 1));
            tree >>= height;
        }
    }

    /// <summary>
    /// A whole tree, leaf by leaf, with a stack of nodes: what algorithms 9 (xmss_node) and 15 (fors_node) compute for its root, and for every sibling on
    /// the path from <paramref name="signed"/> (algorithm 10, 1-4; algorithm 16, 5-8).
    /// </summary>
    /// <param name="first">The index of the tree's first leaf among its kind.</param>
    /// <param name="signed">The leaf whose authentication path is wanted; -1 for none.</param>
    private void Tree(bool isFors, int keyPair, int first, int height, int signed, Span<byte> path, Span<byte> root)
    {
        var (n, depth) = (_set.N, 0);
        for (var leaf = 0; leaf < 1 << height; leaf++)
        {
            var node = _nodes.Slice(depth * n, n);
            if (isFors)
            {
                ForsLeaf(first + leaf, keyPair, node);
            }
            else
            {
                WotsPublicKey(leaf, node);
            }

            for (var z = 0; ; z++)
            {
                if (signed >= 0 && z < height && (leaf >> z) == ((signed >> z) ^ 1))
                {
                    _nodes.Slice(depth * n, n).CopyTo(path[(z * n)..]);
                }

                if (((leaf >> z) & 1) == 0 || z == height)
                {
                    depth++;
                    break;
                }

                // Algorithm 9, 10-13; algorithm 15, 11-14: setTreeHeight(z), setTreeIndex(i), H(PK.seed, ADRS, lnode ‖ rnode)
                depth--;
                _address.SetType(isFors ? AddressType.ForsTree : AddressType.Tree, isFors ? keyPair : 0);
                _address.SetChainOrHeight(z + 1);
                _address.SetHashOrIndex((first + leaf) >> (z + 1));
                _hash.T(_address, _nodes.Slice(depth * n, 2 * n), _nodes.Slice(depth * n, n));
            }
        }

        _nodes[..n].CopyTo(root);
    }

    /// <summary>Algorithm 14, fors_skGen(SK.seed, PK.seed, ADRS, idx).</summary>
    private void ForsSecret(int index, int keyPair, Span<byte> secret)
    {
        _prfAddress.CopyFrom(_address);
        _prfAddress.SetType(AddressType.ForsPrf, keyPair);
        _prfAddress.SetHashOrIndex(index);
        _hash.F(_prfAddress, _secretSeed, secret);
    }

    /// <summary>Algorithm 15, fors_node, 2-5.</summary>
    private void ForsLeaf(int index, int keyPair, Span<byte> node)
    {
        ForsSecret(index, keyPair, _secret);
        _address.SetType(AddressType.ForsTree, keyPair);
        _address.SetHashOrIndex(index);
        _hash.F(_address, _secret, node);
    }

    /// <summary>Algorithm 6, wots_pkGen(SK.seed, PK.seed, ADRS), of one leaf.</summary>
    private void WotsPublicKey(int keyPair, Span<byte> publicKey)
    {
        var n = _set.N;
        for (var i = 0; i < _set.Chains; i++)
        {
            // 4-8: sk ← PRF(…); tmp[i] ← chain(sk, 0, w - 1, PK.seed, ADRS)
            Chain(keyPair, i, SlhDsaParameters.ChainLength - 1, _chains.Slice(i * n, n));
        }

        // 10-13: pk ← T_len(PK.seed, wotspkADRS, tmp)
        _address.SetType(AddressType.WotsPublicKey, keyPair);
        _hash.T(_address, _chains, publicKey);
    }

    /// <summary>Algorithm 7, wots_sign(M, SK.seed, PK.seed, ADRS).</summary>
    private void SignWots(ReadOnlySpan<byte> message, int keyPair, Span<byte> signature)
    {
        var (n, digits, checksum) = (_set.N, 2 * _set.N, 0);
        // 2: msg ← base_2b(M, lg_w, len1); 3-5: csum ← csum + w - 1 - msg[i]
        for (var i = 0; i < digits; i++)
        {
            _digits[i] = Digit(message, SlhDsaParameters.DigitBits, i);
            checksum += SlhDsaParameters.ChainLength - 1 - _digits[i];
        }

        // 6-7: the checksum's three digits, the most significant first
        (_digits[digits], _digits[digits + 1], _digits[digits + 2]) = (checksum >> 8, (checksum >> 4) & 15, checksum & 15);
        // 11-17: sig[i] ← chain(sk, 0, msg[i], PK.seed, ADRS)
        for (var i = 0; i < _set.Chains; i++)
        {
            Chain(keyPair, i, _digits[i], _secret);
            _secret.CopyTo(signature[(i * n)..]);
        }
    }

    /// <summary>The secret of one chain (algorithm 6, 4-5), then algorithm 5, chain(X, 0, s, PK.seed, ADRS).</summary>
    private void Chain(int keyPair, int chain, int steps, Span<byte> value)
    {
        _prfAddress.CopyFrom(_address);
        _prfAddress.SetType(AddressType.WotsPrf, keyPair);
        _prfAddress.SetChainOrHeight(chain);
        _hash.F(_prfAddress, _secretSeed, value);
        _address.SetType(AddressType.WotsHash, keyPair);
        _address.SetChainOrHeight(chain);
        // 2: for j from i to i + s - 1; 3: ADRS.setHashAddress(j); 4: tmp ← F(PK.seed, ADRS, tmp)
        for (var j = 0; j < steps; j++)
        {
            _address.SetHashOrIndex(j);
            _hash.F(_address, value, value);
        }
    }

    /// <summary>Algorithm 4, base_2b(X, b, …): the digit at <paramref name="position"/>, of b bits, the most significant first.</summary>
    private static int Digit(ReadOnlySpan<byte> x, int bits, int position)
    {
        var digit = 0;
        for (var bit = position * bits; bit < (position + 1) * bits; bit++)
        {
            digit = (digit << 1) | ((x[bit >> 3] >> (7 - (bit & 7))) & 1);
        }

        return digit;
    }
}
