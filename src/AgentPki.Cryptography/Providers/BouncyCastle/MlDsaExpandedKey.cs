using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>
/// Whether an expanded ML-DSA key is one that key generation could have made: what came without its seed can be checked no other way (RFC 9881
/// §6), and the library takes any octets of the right length.
/// </summary>
internal static class MlDsaExpandedKey
{
    private const int Q = 8380417;   // FIPS 204 table 1
    private const int N = 256;
    private const int D = 13;        // dropped bits of t
    private const int Root = 1753;   // ζ, a 512th root of unity modulo q

    private static readonly int[] Zetas = MakeZetas();

    /// <summary>False when s1 or s2 is out of range, or t0 or tr is not that of the key (FIPS 204 algorithms 6 and 25).</summary>
    public static bool IsConsistent(KeyAlgorithm algorithm, ReadOnlySpan<byte> key)
    {
        // FIPS 204 table 1: (k, l), η.
        var (k, l, eta) = algorithm == KeyAlgorithm.MlDsa44 ? (4, 4, 2) : algorithm == KeyAlgorithm.MlDsa65 ? (6, 5, 4) : (8, 7, 2);

        // FIPS 204 algorithm 24: ρ ‖ K ‖ tr ‖ s1 ‖ s2 ‖ t0.
        var rho = key[..32];
        var tr = key.Slice(64, 64);
        var bits = eta == 2 ? 3 : 4;
        var s1 = Unpack(key[128..], l, bits, eta);
        var s2 = Unpack(key[(128 + (l * 32 * bits))..], k, bits, eta);
        var t0 = Unpack(key[(128 + ((l + k) * 32 * bits))..], k, D, 1 << (D - 1));
        try
        {
            if (!InRange(s1, eta) || !InRange(s2, eta))
            {
                return false;
            }

            // FIPS 204 algorithm 6, steps 3 to 9.
            Array.ForEach(s1, Transform);
            var publicKey = new byte[algorithm.PublicKeySize];
            rho.CopyTo(publicKey);
            var different = 0;
            for (var r = 0; r < k; r++)
            {
                var t = Row(rho, r, s1);
                for (var i = 0; i < N; i++)
                {
                    var value = Mod(t[i] + (long)s2[r][i]);
                    var high = (value + (1 << (D - 1)) - 1) >> D; // algorithm 35: Power2Round
                    different |= (value - (high << D)) ^ t0[r][i];
                    Pack(publicKey.AsSpan(32 + (r * 320)), 10 * i, high);
                }
            }

            var digest = new ShakeDigest(256);
            digest.BlockUpdate(publicKey);
            var hash = new byte[64];
            digest.OutputFinal(hash);
            return different == 0 && CryptographicOperations.FixedTimeEquals(hash, tr);
        }
        finally
        {
            foreach (var polynomial in (int[][])[.. s1, .. s2, .. t0])
            {
                Array.Clear(polynomial);
            }
        }
    }

    /// <summary>One entry of the vector A∘s1, back in the ordinary domain.</summary>
    private static int[] Row(ReadOnlySpan<byte> rho, int r, int[][] transformed)
    {
        var sum = new int[N];
        for (var s = 0; s < transformed.Length; s++)
        {
            var entry = Sample(rho, s, r);
            for (var i = 0; i < N; i++)
            {
                sum[i] = Mod(sum[i] + ((long)entry[i] * transformed[s][i]));
            }
        }

        TransformBack(sum);
        return sum;
    }

    // FIPS 204 algorithms 30 and 32: RejNTTPoly of ρ ‖ s ‖ r.
    private static int[] Sample(ReadOnlySpan<byte> rho, int s, int r)
    {
        var digest = new ShakeDigest(128);
        digest.BlockUpdate(rho);
        digest.BlockUpdate([(byte)s, (byte)r]);
        var block = new byte[168];
        var entry = new int[N];
        for (var found = 0; found < N;)
        {
            digest.Output(block);
            for (var at = 0; at < block.Length && found < N; at += 3)
            {
                var candidate = block[at] | (block[at + 1] << 8) | ((block[at + 2] & 0x7F) << 16);
                if (candidate < Q)
                {
                    entry[found++] = candidate;
                }
            }
        }

        return entry;
    }

    // FIPS 204 algorithm 41.
    private static void Transform(int[] w)
    {
        var m = 0;
        for (var length = N / 2; length >= 1; length /= 2)
        {
            for (var start = 0; start < N; start += 2 * length)
            {
                var zeta = Zetas[++m];
                for (var j = start; j < start + length; j++)
                {
                    var t = Mod((long)zeta * w[j + length]);
                    (w[j], w[j + length]) = (Mod(w[j] + (long)t), Mod(w[j] - (long)t));
                }
            }
        }
    }

    // FIPS 204 algorithm 42.
    private static void TransformBack(int[] w)
    {
        var m = N;
        for (var length = 1; length < N; length *= 2)
        {
            for (var start = 0; start < N; start += 2 * length)
            {
                var zeta = -Zetas[--m];
                for (var j = start; j < start + length; j++)
                {
                    (w[j], w[j + length]) = (Mod(w[j] + (long)w[j + length]), Mod((long)zeta * (w[j] - w[j + length])));
                }
            }
        }

        for (var j = 0; j < N; j++)
        {
            w[j] = Mod(8347681L * w[j]); // 256⁻¹
        }
    }

    // FIPS 204 algorithm 19: each coefficient is top - the number in so many bits, least significant first.
    private static int[][] Unpack(ReadOnlySpan<byte> octets, int count, int bits, int top)
    {
        var vector = new int[count][];
        for (var v = 0; v < count; v++)
        {
            vector[v] = new int[N];
            for (var i = 0; i < N; i++)
            {
                var number = 0;
                for (var b = 0; b < bits; b++)
                {
                    var at = (((v * N) + i) * bits) + b;
                    number |= ((octets[at >> 3] >> (at & 7)) & 1) << b;
                }

                vector[v][i] = top - number;
            }
        }

        return vector;
    }

    private static void Pack(Span<byte> octets, int at, int tenBits)
    {
        octets[at >> 3] |= (byte)(tenBits << (at & 7));
        octets[(at >> 3) + 1] |= (byte)(tenBits >> (8 - (at & 7)));
    }

    private static bool InRange(int[][] vector, int eta) => !vector.Any(p => p.Any(c => c < -eta));

    private static int Mod(long value) => (int)(((value % Q) + Q) % Q);

    // FIPS 204 §7.5: ζ to the power of the index with its eight bits reversed.
    private static int[] MakeZetas()
    {
        var zetas = new int[N];
        for (var k = 0; k < N; k++)
        {
            var power = 1;
            for (var b = 0; b < 8; b++)
            {
                power = Mod((long)power * power); // square and multiply; the lowest bit of k is the highest of the exponent
                power = ((k >> b) & 1) == 1 ? Mod((long)power * Root) : power;
            }

            zetas[k] = power;
        }

        return zetas;
    }
}
