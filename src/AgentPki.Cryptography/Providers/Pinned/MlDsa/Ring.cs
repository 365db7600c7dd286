using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static AgentPki.Cryptography.Providers.Pinned.MlDsa.MlDsaParameters;

namespace AgentPki.Cryptography.Providers.Pinned.MlDsa;

/// <summary>
/// Arithmetic in R_q = Z_q[X]/(X^256 + 1) and T_q (FIPS 204 §2.3, §7.5) on 256 signed 32-bit coefficients, without branches or indexes that depend on
/// them. Products are Montgomery's (FIPS 204 appendix A): a · b · 2^-32 mod q.
/// </summary>
internal static class Ring
{
    // q^-1 mod 2^32; 2^64 / 256 mod q, which undoes both the transform's factor and one product's 2^-32.
    private const int InverseQ = 58728449, Scale = 41978;

    /// <summary>FIPS 204 appendix B: zetas[k] = 1753^BitRev8(k) mod q, here times 2^32 for Montgomery's product.</summary>
    private static readonly int[] Zetas = MakeZetas();

    /// <summary>a · 2^-32 mod q, between -q and q, for |a| up to 2^31 · q (FIPS 204 algorithm 49).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MontgomeryReduce(long a) => (int)((a - ((long)((int)a * InverseQ) * Q)) >> 32);

    /// <summary>The same residue between -6283008 and 6283008.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Reduce(int a) => a - (((a + (1 << 22)) >> 23) * Q);

    /// <summary>The residue between 0 and q - 1, of one between -q and q - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int AddIfNegative(int a) => a + ((a >> 31) & Q);

    public static void Reduce(Span<int> polynomials)
    {
        foreach (ref var a in polynomials)
        {
            a = Reduce(a);
        }
    }

    /// <summary>To standard representatives, 0 to q - 1.</summary>
    public static void Normalize(Span<int> polynomials)
    {
        foreach (ref var a in polynomials)
        {
            a = AddIfNegative(Reduce(a));
        }
    }

    /// <summary>FIPS 204 algorithm 41, NTT(w), in place, on each polynomial; values grow by at most 8q.</summary>
    public static void Ntt(Span<int> polynomials)
    {
        for (var at = 0; at < polynomials.Length; at += N)
        {
            var w = polynomials.Slice(at, N);
            var m = 0;
            // 6: while len ≥ 1
            for (var len = 128; len >= 1; len >>= 1)
            {
                // 8: while start < 256
                for (var start = 0; start < N; start += 2 * len)
                {
                    // 9: m ← m + 1; 10: z ← zetas[m]
                    var z = Zetas[++m];
                    Butterflies(w.Slice(start, len), w.Slice(start + len, len), z);
                }
            }
        }
    }

    /// <summary>FIPS 204 algorithm 42, NTT⁻¹(ŵ), in place, on each polynomial: of values within ±6283008 that carry one product's 2^-32, gives values within ±q without it.</summary>
    public static void InverseNtt(Span<int> polynomials)
    {
        for (var at = 0; at < polynomials.Length; at += N)
        {
            var w = polynomials.Slice(at, N);
            // 4: m ← 256
            var m = 256;
            // 6: while len < 256
            for (var len = 1; len < N; len <<= 1)
            {
                for (var start = 0; start < N; start += 2 * len)
                {
                    // 9: m ← m - 1; 10: z ← -zetas[m]
                    var z = -Zetas[--m];
                    InverseButterflies(w.Slice(start, len), w.Slice(start + len, len), z);
                }
            }

            // 21: f ← 8347681 = 256^-1 mod q; 22-24: w[j] ← f · w[j] mod q
            MultiplyBy(w, Scale);
        }
    }

    /// <summary>target = a ∘ b · 2^-32 (FIPS 204 algorithm 45).</summary>
    public static void Multiply(ReadOnlySpan<int> a, ReadOnlySpan<int> b, Span<int> target)
    {
        ref var pa = ref MemoryMarshal.GetReference(a[..N]);
        ref var pb = ref MemoryMarshal.GetReference(b[..N]);
        ref var pt = ref MemoryMarshal.GetReference(target[..N]);
        if (Avx2.IsSupported)
        {
            for (nuint j = 0; j < N; j += 8)
            {
                MontgomeryProduct(Vector256.LoadUnsafe(ref pa, j), Vector256.LoadUnsafe(ref pb, j)).StoreUnsafe(ref pt, j);
            }

            return;
        }

        for (var j = 0; j < N; j++)
        {
            target[j] = MontgomeryReduce((long)a[j] * b[j]);
        }
    }

    /// <summary>target = row · vector · 2^-32, reduced: one row of a matrix times a vector (FIPS 204 algorithm 48).</summary>
    public static void MultiplyRow(ReadOnlySpan<int> row, ReadOnlySpan<int> vector, Span<int> target, Span<int> product)
    {
        target.Clear();
        for (var at = 0; at < vector.Length; at += N)
        {
            Multiply(row.Slice(at, N), vector.Slice(at, N), product);
            Add(target, product);
        }

        Reduce(target);
    }

    /// <summary>target += other.</summary>
    public static void Add(Span<int> target, ReadOnlySpan<int> other)
    {
        for (var j = 0; j < target.Length; j += 8)
        {
            (Vector256.Create<int>(target.Slice(j, 8)) + Vector256.Create<int>(other.Slice(j, 8))).CopyTo(target.Slice(j, 8));
        }
    }

    /// <summary>target -= other.</summary>
    public static void Subtract(Span<int> target, ReadOnlySpan<int> other)
    {
        for (var j = 0; j < target.Length; j += 8)
        {
            (Vector256.Create<int>(target.Slice(j, 8)) - Vector256.Create<int>(other.Slice(j, 8))).CopyTo(target.Slice(j, 8));
        }
    }

    /// <summary>Whether the infinity norm is at least <paramref name="bound"/>; looks at every coefficient, of values within ±q/2 or so.</summary>
    public static bool IsLarge(ReadOnlySpan<int> polynomials, int bound)
    {
        var large = 0;
        foreach (var a in polynomials)
        {
            var absolute = a - ((a >> 31) & (2 * a));
            large |= bound - 1 - absolute;
        }

        return large < 0;
    }

    // 12: t ← z · w[j + len]; 13: w[j + len] ← w[j] - t; 14: w[j] ← w[j] + t
    private static void Butterflies(Span<int> low, Span<int> high, int z)
    {
        var j = 0;
        if (Avx2.IsSupported)
        {
            ref var pl = ref MemoryMarshal.GetReference(low);
            ref var ph = ref MemoryMarshal.GetReference(high);
            var zeta = Vector256.Create(z);
            for (; j <= low.Length - 8; j += 8)
            {
                var t = MontgomeryProduct(Vector256.LoadUnsafe(ref ph, (nuint)j), zeta);
                var w = Vector256.LoadUnsafe(ref pl, (nuint)j);
                (w - t).StoreUnsafe(ref ph, (nuint)j);
                (w + t).StoreUnsafe(ref pl, (nuint)j);
            }
        }

        for (; j < low.Length && j < high.Length; j++)
        {
            var t = MontgomeryReduce((long)z * high[j]);
            high[j] = low[j] - t;
            low[j] += t;
        }
    }

    // 12: t ← w[j]; 13: w[j] ← t + w[j + len]; 14: w[j + len] ← t - w[j + len]; 15: w[j + len] ← z · w[j + len]
    private static void InverseButterflies(Span<int> low, Span<int> high, int z)
    {
        var j = 0;
        if (Avx2.IsSupported)
        {
            ref var pl = ref MemoryMarshal.GetReference(low);
            ref var ph = ref MemoryMarshal.GetReference(high);
            var zeta = Vector256.Create(z);
            for (; j <= low.Length - 8; j += 8)
            {
                var (t, h) = (Vector256.LoadUnsafe(ref pl, (nuint)j), Vector256.LoadUnsafe(ref ph, (nuint)j));
                (t + h).StoreUnsafe(ref pl, (nuint)j);
                MontgomeryProduct(t - h, zeta).StoreUnsafe(ref ph, (nuint)j);
            }
        }

        for (; j < low.Length && j < high.Length; j++)
        {
            var t = low[j];
            low[j] = t + high[j];
            high[j] = MontgomeryReduce((long)z * (t - high[j]));
        }
    }

    private static void MultiplyBy(Span<int> w, int factor)
    {
        foreach (ref var a in w)
        {
            a = MontgomeryReduce((long)factor * a);
        }
    }

    /// <summary>Eight of <see cref="MontgomeryReduce"/>: the even lanes, then the odd ones, each as 64-bit products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> MontgomeryProduct(Vector256<int> a, Vector256<int> b)
    {
        var (q, inverse) = (Vector256.Create(Q), Vector256.Create(InverseQ));
        var even = Avx2.Multiply(a, b);
        var odd = Avx2.Multiply(Vector256.ShiftRightLogical(a.AsInt64(), 32).AsInt32(), Vector256.ShiftRightLogical(b.AsInt64(), 32).AsInt32());
        even -= Avx2.Multiply(Avx2.Multiply(even.AsInt32(), inverse).AsInt32(), q);
        odd -= Avx2.Multiply(Avx2.Multiply(odd.AsInt32(), inverse).AsInt32(), q);
        return Avx2.Blend(Vector256.ShiftRightLogical(even, 32).AsInt32(), odd.AsInt32(), 0b10101010);
    }

    private static int[] MakeZetas()
    {
        var zetas = new int[N];
        for (var k = 0; k < N; k++)
        {
            var exponent = 0;
            for (var bit = 0; bit < 8; bit++)
            {
                exponent |= ((k >> bit) & 1) << (7 - bit);
            }

            var zeta = (int)(BigInteger.ModPow(1753, exponent, Q) * (BigInteger.One << 32) % Q);
            zetas[k] = zeta > Q / 2 ? zeta - Q : zeta;
        }

        return zetas;
    }
}
