using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace AgentPki.Cryptography.Providers.Pinned.Hashing;

/// <summary>SHA-2 whose state, schedule and buffer lie in pinned memory.</summary>
internal ref struct Sha2State<TWord, TFunction>
    where TWord : unmanaged
    where TFunction : struct, ISha2Function<TWord>
{
    private readonly Span<TWord> _h, _w;
    private readonly Span<byte> _buffer;
    private int _buffered;
    private ulong _octets;

    private static int BlockSize => 16 * Unsafe.SizeOf<TWord>();

    public Sha2State(PinnedMemory memory)
    {
        _h = memory.Take<TWord>(8);
        _w = memory.Take<TWord>(TFunction.Rounds);
        _buffer = memory.Take<byte>(BlockSize);
        Begin();
    }

    public void Begin()
    {
        TFunction.Initial.CopyTo(_h);
        (_buffered, _octets) = (0, 0);
    }

    /// <summary>Begins as if whole blocks had been absorbed already.</summary>
    public void Resume(scoped ReadOnlySpan<TWord> midstate, int octets)
    {
        midstate.CopyTo(_h);
        (_buffered, _octets) = (0, (ulong)octets);
    }

    /// <summary>The state after whole blocks, for <see cref="Resume"/>.</summary>
    public readonly void Save(scoped Span<TWord> midstate) => _h.CopyTo(midstate);

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
                TFunction.Compress(_h, _w, _buffer);
                _buffered = 0;
            }
        }
    }

    /// <summary>The leftmost octets of the digest, as many as there is room for.</summary>
    public void Finish(scoped Span<byte> digest)
    {
        var word = Unsafe.SizeOf<TWord>();
        // FIPS 180-4 §5.1: a one, zeros, and the length in bits, which takes two words.
        _buffer[_buffered++] = 0x80;
        _buffer[_buffered..].Clear();
        if (_buffered > BlockSize - (2 * word))
        {
            TFunction.Compress(_h, _w, _buffer);
            _buffer.Clear();
        }

        BinaryPrimitives.WriteUInt64BigEndian(_buffer[^8..], _octets << 3);
        TFunction.Compress(_h, _w, _buffer);
        for (var i = 0; i < digest.Length / word; i++)
        {
            TFunction.Write(digest[(word * i)..], _h[i]);
        }
    }
}
