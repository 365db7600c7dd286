using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace AgentPki.Cryptography.Providers.Pinned.Hashing;

/// <summary>SHAKE128 and SHAKE256 (FIPS 202 §6.2) over a state that lies in the caller's memory. Absorb all of the input, then squeeze as often as is needed.</summary>
internal ref struct Keccak
{
    public const int StateLanes = 25, Shake128Rate = 168, Shake256Rate = 136;

    private static readonly ulong[] RoundConstants =
    [
        0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
        0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A, 0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
        0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
    ];

    private readonly Span<ulong> _lanes;
    private readonly int _rate;
    private int _position;
    private bool _squeezing;

    /// <param name="state">25 lanes of pinned memory; cleared here.</param>
    /// <param name="rate">The rate in octets: <see cref="Shake128Rate"/> or <see cref="Shake256Rate"/>.</param>
    public Keccak(Span<ulong> state, int rate)
    {
        _lanes = state[..StateLanes];
        _rate = rate;
        _lanes.Clear();
    }

    private readonly Span<byte> State => MemoryMarshal.AsBytes(_lanes);

    public Keccak Absorb(scoped ReadOnlySpan<byte> input)
    {
        while (!input.IsEmpty)
        {
            var piece = input[..Math.Min(input.Length, _rate - _position)];
            Xor(State.Slice(_position, piece.Length), piece);
            _position += piece.Length;
            input = input[piece.Length..];
            if (_position == _rate)
            {
                Permute(_lanes);
                _position = 0;
            }
        }

        return this;
    }

    public void Squeeze(scoped Span<byte> output)
    {
        if (!_squeezing)
        {
            // FIPS 202 §6.2: the suffix 1111, then pad10*1.
            State[_position] ^= 0x1F;
            State[_rate - 1] ^= 0x80;
            Permute(_lanes);
            (_position, _squeezing) = (0, true);
        }

        while (!output.IsEmpty)
        {
            if (_position == _rate)
            {
                Permute(_lanes);
                _position = 0;
            }

            var length = Math.Min(output.Length, _rate - _position);
            State.Slice(_position, length).CopyTo(output);
            _position += length;
            output = output[length..];
        }
    }

    private static void Xor(Span<byte> target, ReadOnlySpan<byte> with)
    {
        while (with.Length >= 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(target, BinaryPrimitives.ReadUInt64LittleEndian(target) ^ BinaryPrimitives.ReadUInt64LittleEndian(with));
            target = target[8..];
            with = with[8..];
        }

        for (var i = 0; i < with.Length; i++)
        {
            target[i] ^= with[i];
        }
    }

    /// <summary>Keccak-f[1600] (FIPS 202 §3.3): 24 rounds of θ, ρ, π, χ, ι. Lane (x, y) is a[x + 5y].</summary>
    private static void Permute(Span<ulong> a)
    {
        ulong a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4];
        ulong a5 = a[5], a6 = a[6], a7 = a[7], a8 = a[8], a9 = a[9];
        ulong a10 = a[10], a11 = a[11], a12 = a[12], a13 = a[13], a14 = a[14];
        ulong a15 = a[15], a16 = a[16], a17 = a[17], a18 = a[18], a19 = a[19];
        ulong a20 = a[20], a21 = a[21], a22 = a[22], a23 = a[23], a24 = a[24];
        foreach (var constant in RoundConstants)
        {
            // θ
            var c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
            var c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
            var c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
            var c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
            var c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
            var d0 = c4 ^ BitOperations.RotateLeft(c1, 1);
            var d1 = c0 ^ BitOperations.RotateLeft(c2, 1);
            var d2 = c1 ^ BitOperations.RotateLeft(c3, 1);
            var d3 = c2 ^ BitOperations.RotateLeft(c4, 1);
            var d4 = c3 ^ BitOperations.RotateLeft(c0, 1);

            // ρ and π: b[y, 2x + 3y] = rot(a[x, y])
            var b0 = a0 ^ d0;
            var b10 = BitOperations.RotateLeft(a1 ^ d1, 1);
            var b20 = BitOperations.RotateLeft(a2 ^ d2, 62);
            var b5 = BitOperations.RotateLeft(a3 ^ d3, 28);
            var b15 = BitOperations.RotateLeft(a4 ^ d4, 27);
            var b16 = BitOperations.RotateLeft(a5 ^ d0, 36);
            var b1 = BitOperations.RotateLeft(a6 ^ d1, 44);
            var b11 = BitOperations.RotateLeft(a7 ^ d2, 6);
            var b21 = BitOperations.RotateLeft(a8 ^ d3, 55);
            var b6 = BitOperations.RotateLeft(a9 ^ d4, 20);
            var b7 = BitOperations.RotateLeft(a10 ^ d0, 3);
            var b17 = BitOperations.RotateLeft(a11 ^ d1, 10);
            var b2 = BitOperations.RotateLeft(a12 ^ d2, 43);
            var b12 = BitOperations.RotateLeft(a13 ^ d3, 25);
            var b22 = BitOperations.RotateLeft(a14 ^ d4, 39);
            var b23 = BitOperations.RotateLeft(a15 ^ d0, 41);
            var b8 = BitOperations.RotateLeft(a16 ^ d1, 45);
            var b18 = BitOperations.RotateLeft(a17 ^ d2, 15);
            var b3 = BitOperations.RotateLeft(a18 ^ d3, 21);
            var b13 = BitOperations.RotateLeft(a19 ^ d4, 8);
            var b14 = BitOperations.RotateLeft(a20 ^ d0, 18);
            var b24 = BitOperations.RotateLeft(a21 ^ d1, 2);
            var b9 = BitOperations.RotateLeft(a22 ^ d2, 61);
            var b19 = BitOperations.RotateLeft(a23 ^ d3, 56);
            var b4 = BitOperations.RotateLeft(a24 ^ d4, 14);

            // χ and ι
            a0 = b0 ^ (~b1 & b2) ^ constant;
            a1 = b1 ^ (~b2 & b3);
            a2 = b2 ^ (~b3 & b4);
            a3 = b3 ^ (~b4 & b0);
            a4 = b4 ^ (~b0 & b1);
            a5 = b5 ^ (~b6 & b7);
            a6 = b6 ^ (~b7 & b8);
            a7 = b7 ^ (~b8 & b9);
            a8 = b8 ^ (~b9 & b5);
            a9 = b9 ^ (~b5 & b6);
            a10 = b10 ^ (~b11 & b12);
            a11 = b11 ^ (~b12 & b13);
            a12 = b12 ^ (~b13 & b14);
            a13 = b13 ^ (~b14 & b10);
            a14 = b14 ^ (~b10 & b11);
            a15 = b15 ^ (~b16 & b17);
            a16 = b16 ^ (~b17 & b18);
            a17 = b17 ^ (~b18 & b19);
            a18 = b18 ^ (~b19 & b15);
            a19 = b19 ^ (~b15 & b16);
            a20 = b20 ^ (~b21 & b22);
            a21 = b21 ^ (~b22 & b23);
            a22 = b22 ^ (~b23 & b24);
            a23 = b23 ^ (~b24 & b20);
            a24 = b24 ^ (~b20 & b21);
        }

        (a[0], a[1], a[2], a[3], a[4]) = (a0, a1, a2, a3, a4);
        (a[5], a[6], a[7], a[8], a[9]) = (a5, a6, a7, a8, a9);
        (a[10], a[11], a[12], a[13], a[14]) = (a10, a11, a12, a13, a14);
        (a[15], a[16], a[17], a[18], a[19]) = (a15, a16, a17, a18, a19);
        (a[20], a[21], a[22], a[23], a[24]) = (a20, a21, a22, a23, a24);
    }
}
