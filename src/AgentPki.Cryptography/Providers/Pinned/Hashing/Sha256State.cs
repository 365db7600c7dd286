using System.Buffers.Binary;
using System.Numerics;

namespace AgentPki.Cryptography.Providers.Pinned.Hashing;

/// <summary>SHA-256 (FIPS 180-4 §6.2) whose state, schedule and buffer lie in pinned memory.</summary>
internal ref struct Sha256State
{
    public const int BlockSize = 64, DigestSize = 32;

    /// <summary>The octets this takes of the memory it is given.</summary>
    public const int MemorySize = 448;

    // FIPS 180-4 §4.2.2, §5.3.3.
    private static readonly uint[] K =
    [
        0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
        0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
        0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
        0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
        0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
        0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
        0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
        0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
    ];

    private static readonly uint[] Initial = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    private readonly Span<uint> _h, _w;
    private readonly Span<byte> _buffer;
    private int _buffered;
    private ulong _octets;

    public Sha256State(PinnedMemory memory)
    {
        _h = memory.Take<uint>(8);
        _w = memory.Take<uint>(64);
        _buffer = memory.Take<byte>(BlockSize);
        Begin();
    }

    public void Begin()
    {
        Initial.CopyTo(_h);
        (_buffered, _octets) = (0, 0);
    }

    /// <summary>Begins as if whole blocks had been absorbed already.</summary>
    public void Resume(scoped ReadOnlySpan<uint> midstate, int octets)
    {
        midstate.CopyTo(_h);
        (_buffered, _octets) = (0, (ulong)octets);
    }

    /// <summary>The state after whole blocks, for <see cref="Resume"/>.</summary>
    public readonly void Save(scoped Span<uint> midstate) => _h.CopyTo(midstate);

    public void Absorb(scoped ReadOnlySpan<byte> input)
    {
        _octets += (ulong)input.Length;
        while (!input.IsEmpty)
        {
            var piece = input[..Math.Min(input.Length, BlockSize - _buffered)];
            piece.CopyTo(_buffer[_buffered..]);
            _buffered += piece.Length;
            input = input[piece.Length..];
            if (_buffered == BlockSize)
            {
                Compress();
                _buffered = 0;
            }
        }
    }

    /// <summary>The leftmost octets of the digest, as many as there is room for.</summary>
    public void Finish(scoped Span<byte> digest)
    {
        // FIPS 180-4 §5.1.1: a one, zeros, and the length in bits.
        _buffer[_buffered++] = 0x80;
        _buffer[_buffered..].Clear();
        if (_buffered > BlockSize - 8)
        {
            Compress();
            _buffer.Clear();
        }

        BinaryPrimitives.WriteUInt64BigEndian(_buffer[^8..], _octets << 3);
        Compress();
        for (var i = 0; i < digest.Length / 4; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(digest[(4 * i)..], _h[i]);
        }
    }

    private readonly void Compress()
    {
        var h = _h[..8];
        var w = _w[..64];
        for (var t = 0; t < 16; t++)
        {
            w[t] = BinaryPrimitives.ReadUInt32BigEndian(_buffer[(4 * t)..]);
        }

        for (var t = 16; t < 64; t++)
        {
            var (x, y) = (w[t - 15], w[t - 2]);
            w[t] = w[t - 16] + (BitOperations.RotateRight(x, 7) ^ BitOperations.RotateRight(x, 18) ^ (x >> 3)) + w[t - 7] + (BitOperations.RotateRight(y, 17) ^ BitOperations.RotateRight(y, 19) ^ (y >> 10));
        }

        uint a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], last = h[7];
        for (var t = 0; t < 64; t++)
        {
            var t1 = last + (BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t];
            var t2 = (BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            (last, g, f, e) = (g, f, e, d + t1);
            (d, c, b, a) = (c, b, a, t1 + t2);
        }

        (h[0], h[1], h[2], h[3]) = (h[0] + a, h[1] + b, h[2] + c, h[3] + d);
        (h[4], h[5], h[6], h[7]) = (h[4] + e, h[5] + f, h[6] + g, h[7] + last);
    }
}
