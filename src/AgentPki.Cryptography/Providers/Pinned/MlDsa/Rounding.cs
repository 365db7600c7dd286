using System.Runtime.CompilerServices;
using static AgentPki.Cryptography.Providers.Pinned.MlDsa.MlDsaParameters;

namespace AgentPki.Cryptography.Providers.Pinned.MlDsa;

/// <summary>High and low bits (FIPS 204 §7.4) without a division, a branch or an index that depends on what is rounded.</summary>
internal static class Rounding
{
    /// <summary>Algorithm 35, Power2Round(r), of r between 0 and q - 1: r = r1 · 2^d + r0 with r0 within -2^(d-1) + 1 and 2^(d-1).</summary>
    public static (int High, int Low) Power2Round(int r)
    {
        var high = (r + (1 << (DroppedBits - 1)) - 1) >> DroppedBits;
        return (high, r - (high << DroppedBits));
    }

    /// <summary>Algorithm 36, Decompose(r), of r between 0 and q - 1: r = r1 · 2γ2 + r0 with r0 within ±γ2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (int High, int Low) Decompose(int r, int gamma2)
    {
        // r1 = round(r / 2γ2): by a multiplication and a shift that are exact for all r below q; both are the same for every secret.
        var high = (r + 127) >> 7;
        if (gamma2 == (Q - 1) / 32)
        {
            // 3: if r⁺ - r0 = q - 1: r1 ← 0
            high = ((high * 1025) + (1 << 21)) >> 22;
            high &= 15;
        }
        else
        {
            high = ((high * 11275) + (1 << 23)) >> 24;
            high ^= ((43 - high) >> 31) & high;
        }

        // 5: r0 ← r0 - 1 in that case, by taking the residue next to zero
        var low = r - (high * 2 * gamma2);
        low -= (((Q - 1) / 2 - low) >> 31) & Q;
        return (high, low);
    }

    /// <summary>
    /// Algorithm 39, MakeHint(z, r), with z = -ct0 and r = w - cs2 + ct0, where the caller knows w1 = HighBits(w - cs2) and
    /// <paramref name="low"/> = LowBits(w - cs2) + ct0: the high bits differ exactly when that sum leaves the range of low bits.
    /// </summary>
    /// <returns>1 or 0.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MakeHint(int low, int high, int gamma2)
    {
        var above = (gamma2 - low) >>> 31;
        var below = (low + gamma2) >>> 31;
        // low = -γ2 belongs to the bits below, unless those are q - 1 and become zero.
        var edge = IsZero(low + gamma2) & (1 - IsZero(high));
        return above | below | edge;
    }

    private static int IsZero(int value) => 1 - ((value | -value) >>> 31);
}
