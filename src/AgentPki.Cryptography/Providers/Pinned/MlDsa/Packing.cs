using static AgentPki.Cryptography.Providers.Pinned.MlDsa.MlDsaParameters;

namespace AgentPki.Cryptography.Providers.Pinned.MlDsa;

/// <summary>The encodings of FIPS 204 §7.1 and §7.2: little-endian streams of bits.</summary>
internal static class Packing
{
    /// <summary>Algorithm 17, BitPack(w, a, b), of <paramref name="b"/> - w; with b = 0 and <paramref name="sign"/> = 1 algorithm 16, SimpleBitPack(w, …).</summary>
    public static void Pack(ReadOnlySpan<int> w, int bits, int b, int sign, Span<byte> target)
    {
        var (pending, count, at) = (0UL, 0, 0);
        foreach (var coefficient in w)
        {
            pending |= (ulong)(uint)(b + (sign * coefficient)) << count;
            for (count += bits; count >= 8; count -= 8)
            {
                target[at++] = (byte)pending;
                pending >>= 8;
            }
        }
    }

    /// <summary>Algorithm 19, BitUnpack(v, a, b): w = <paramref name="b"/> - the bits.</summary>
    public static void Unpack(ReadOnlySpan<byte> v, int bits, int b, Span<int> w)
    {
        var (pending, count, at, mask) = (0UL, 0, 0, (1UL << bits) - 1);
        for (var i = 0; i < N; i++)
        {
            for (; count < bits; count += 8)
            {
                pending |= (ulong)v[at++] << count;
            }

            w[i] = b - (int)(pending & mask);
            pending >>= bits;
            count -= bits;
        }
    }

    /// <summary>Algorithm 20, HintBitPack(h), of ones and zeros; the caller has counted at most ω ones.</summary>
    public static void PackHint(ReadOnlySpan<int> h, int omega, Span<byte> y)
    {
        // 1: y ← 0; 2: Index ← 0
        y.Clear();
        var index = 0;
        for (var i = 0; i < h.Length / N; i++)
        {
            for (var j = 0; j < N; j++)
            {
                // 5: if h[i]j ≠ 0: 6: y[Index] ← j; 7: Index ← Index + 1
                if (h[(i * N) + j] != 0)
                {
                    y[index++] = (byte)j;
                }
            }

            // 10: y[ω + i] ← Index
            y[omega + i] = (byte)index;
        }
    }
}
