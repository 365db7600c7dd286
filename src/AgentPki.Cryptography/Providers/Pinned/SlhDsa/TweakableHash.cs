using System.Buffers.Binary;
using AgentPki.Cryptography.Providers.Pinned.Hashing;

namespace AgentPki.Cryptography.Providers.Pinned.SlhDsa;

/// <summary>The functions of FIPS 205 §11.1 (SHAKE) and §11.2 (SHA-2), bound to one PK.seed. All of its memory is the caller's.</summary>
internal ref struct TweakableHash
{
    /// <summary>The octets this takes of the memory it is given.</summary>
    public const int MemorySize = Sha256Function.MemorySize + Sha512Function.MemorySize + (Keccak.StateLanes * 8) + 1024;

    private readonly SlhDsaParameters _set;
    private readonly ReadOnlySpan<byte> _publicSeed;
    private readonly Span<ulong> _state;
    private readonly Span<uint> _midstate256;
    private readonly Span<ulong> _midstate512;
    private readonly Span<byte> _scratch;
    private Sha2State<uint, Sha256Function> _sha256;
    private Sha2State<ulong, Sha512Function> _sha512;

    public TweakableHash(SlhDsaParameters set, ReadOnlySpan<byte> publicSeed, PinnedMemory memory)
    {
        _set = set;
        _publicSeed = publicSeed;
        _state = memory.Take<ulong>(Keccak.StateLanes);
        _midstate256 = memory.Take<uint>(8);
        _midstate512 = memory.Take<ulong>(8);
        _scratch = memory.Take<byte>(256);
        _sha256 = new(memory);
        _sha512 = new(memory);

        // PK.seed ‖ toByte(0, 64 - n) is one block of SHA-256, PK.seed ‖ toByte(0, 128 - n) one of SHA-512: hashed once.
        _scratch.Clear();
        publicSeed.CopyTo(_scratch);
        _sha256.Absorb(_scratch[..Sha256Function.BlockSize]);
        _sha256.Save(_midstate256);
        _sha512.Absorb(_scratch[..Sha512Function.BlockSize]);
        _sha512.Save(_midstate512);
    }

    /// <summary>Security category 1 uses SHA-256 for everything (FIPS 205 §11.2.1), 3 and 5 mostly SHA-512 (§11.2.2).</summary>
    private readonly bool IsCategory1 => _set.N == 16;

    /// <summary>F(PK.seed, ADRS, M1), and PRF(PK.seed, SK.seed, ADRS), which is the same function of SK.seed.</summary>
    public void F(Address address, scoped ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (_set.IsShake)
        {
            Shake(address, input, output);
        }
        else
        {
            Sha256(address, input, output);
        }
    }

    /// <summary>H(PK.seed, ADRS, M2) and T(PK.seed, ADRS, M).</summary>
    public void T(Address address, scoped ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (_set.IsShake)
        {
            Shake(address, input, output);
        }
        else if (IsCategory1)
        {
            Sha256(address, input, output);
        }
        else
        {
            _sha512.Resume(_midstate512, Sha512Function.BlockSize);
            address.Compress(_scratch);
            _sha512.Absorb(_scratch[..22]);
            _sha512.Absorb(input);
            _sha512.Finish(output[.._set.N]);
        }
    }

    /// <summary>PRF_msg(SK.prf, opt_rand, M), M in two parts.</summary>
    public void PrfMessage(scoped ReadOnlySpan<byte> prfKey, scoped ReadOnlySpan<byte> random, scoped ReadOnlySpan<byte> prefix, scoped ReadOnlySpan<byte> message, Span<byte> output)
    {
        if (_set.IsShake)
        {
            new Keccak(_state, Keccak.Shake256Rate).Absorb(prfKey).Absorb(random).Absorb(prefix).Absorb(message).Squeeze(output);
            return;
        }

        // HMAC-SHA-256 or HMAC-SHA-512 (FIPS 198-1 §4), cut to n octets; the key is shorter than a block.
        var block = _scratch[..(IsCategory1 ? Sha256Function.BlockSize : Sha512Function.BlockSize)];
        var inner = _scratch.Slice(128, IsCategory1 ? Sha256Function.DigestSize : Sha512Function.DigestSize);
        Pad(prfKey, 0x36, block);
        Hash(block, random, prefix, message, inner);
        Pad(prfKey, 0x5C, block);
        Hash(block, inner, default, default, output[.._set.N]);
        _scratch.Clear();
    }

    /// <summary>H_msg(R, PK.seed, PK.root, M), M in two parts.</summary>
    public void DigestMessage(scoped ReadOnlySpan<byte> randomizer, scoped ReadOnlySpan<byte> root, scoped ReadOnlySpan<byte> prefix, scoped ReadOnlySpan<byte> message, Span<byte> output)
    {
        if (_set.IsShake)
        {
            new Keccak(_state, Keccak.Shake256Rate).Absorb(randomizer).Absorb(_publicSeed).Absorb(root).Absorb(prefix).Absorb(message).Squeeze(output);
            return;
        }

        // MGF1 (RFC 8017 §B.2.1) of R ‖ PK.seed ‖ SHA-X(R ‖ PK.seed ‖ PK.root ‖ M).
        var digestSize = IsCategory1 ? Sha256Function.DigestSize : Sha512Function.DigestSize;
        var n = _set.N;
        var seed = _scratch[..((2 * _set.N) + digestSize + 4)];
        randomizer.CopyTo(seed);
        _publicSeed.CopyTo(seed[n..]);
        root.CopyTo(seed[(2 * n)..]);
        Hash(seed[..(3 * n)], prefix, message, default, _scratch.Slice(192, digestSize));
        _scratch.Slice(192, digestSize).CopyTo(seed[(2 * n)..]);
        var block = _scratch.Slice(192, digestSize);
        for (var counter = 0; counter * digestSize < output.Length; counter++)
        {
            BinaryPrimitives.WriteInt32BigEndian(seed[^4..], counter);
            Hash(seed, default, default, default, block);
            var rest = output[(counter * digestSize)..];
            block[..Math.Min(block.Length, rest.Length)].CopyTo(rest);
        }
    }

    private readonly void Shake(Address address, scoped ReadOnlySpan<byte> input, Span<byte> output) =>
        new Keccak(_state, Keccak.Shake256Rate).Absorb(_publicSeed).Absorb(address.Octets).Absorb(input).Squeeze(output[.._set.N]);

    private void Sha256(Address address, scoped ReadOnlySpan<byte> input, Span<byte> output)
    {
        _sha256.Resume(_midstate256, Sha256Function.BlockSize);
        address.Compress(_scratch);
        _sha256.Absorb(_scratch[..22]);
        _sha256.Absorb(input);
        _sha256.Finish(output[.._set.N]);
    }

    private void Hash(scoped ReadOnlySpan<byte> a, scoped ReadOnlySpan<byte> b, scoped ReadOnlySpan<byte> c, scoped ReadOnlySpan<byte> d, scoped Span<byte> output)
    {
        if (IsCategory1)
        {
            _sha256.Begin();
            _sha256.Absorb(a);
            _sha256.Absorb(b);
            _sha256.Absorb(c);
            _sha256.Absorb(d);
            _sha256.Finish(output);
        }
        else
        {
            _sha512.Begin();
            _sha512.Absorb(a);
            _sha512.Absorb(b);
            _sha512.Absorb(c);
            _sha512.Absorb(d);
            _sha512.Finish(output);
        }
    }

    private static void Pad(scoped ReadOnlySpan<byte> key, byte pad, Span<byte> block)
    {
        block.Fill(pad);
        for (var i = 0; i < key.Length; i++)
        {
            block[i] ^= key[i];
        }
    }
}
