using System.Runtime.InteropServices;
using System.Text;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;
using AgentPki.Cryptography.Providers.Pinned.MlDsa;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Parameters;

namespace AgentPki.Pkcs11.Tests.Wrapped.Memory;

/// <summary>A secret in one of the forms it may have in memory. A piece of <paramref name="Window"/> octets, begun at a multiple of <paramref name="Step"/>, is enough to find it.</summary>
internal sealed record MemoryNeedle(string Name, byte[] Secret, int Window, int Step);

/// <summary>Everything that must not lie in the memory of a process that used a wrapped key.</summary>
internal static class MemoryNeedles
{
    private const int Q = MlDsaParameters.Q, N = MlDsaParameters.N;

    public static IReadOnlyList<MemoryNeedle> Of(KeyAlgorithm algorithm, byte[] seed, byte[] pin, byte[] soPin) =>
    [
        // What was wrapped: ξ, or SK.seed ‖ SK.prf (PK.seed is public).
        new("seed", algorithm.Family == AlgorithmFamily.MlDsa ? seed : seed[..(seed.Length * 2 / 3)], 16, 1),
        .. algorithm.Family == AlgorithmFamily.MlDsa ? MlDsa(algorithm, seed) : [],
        .. Pin("PIN", pin),
        .. Pin("SO PIN", soPin),
    ];

    private static IEnumerable<MemoryNeedle> Pin(string name, byte[] pin) => pin.Length == 0 ? [] :
    [
        new(name, pin, 16, 1),
        new(name + " as a string", Encoding.Unicode.GetBytes(Encoding.ASCII.GetString(pin)), 32, 2),
    ];

    private static IEnumerable<MemoryNeedle> MlDsa(KeyAlgorithm algorithm, byte[] seed)
    {
        var set = MlDsaParameters.Of(algorithm);
        var (k, l) = (set.K, set.L);

        // FIPS 204 algorithm 6, line 1.
        var expanded = new byte[128];
        var h = new ShakeDigest(256);
        h.BlockUpdate([.. seed, (byte)k, (byte)l]);
        h.OutputFinal(expanded, 0, expanded.Length);
        yield return new("ρ′", expanded[32..96], 16, 1);
        yield return new("K", expanded[96..], 16, 1);

        // By BouncyCastle, FIPS 204 algorithm 24: ρ ‖ K ‖ tr ‖ s1 ‖ s2 ‖ t0.
        var encoded = MLDsaPrivateKeyParameters.FromSeed(SetOf(algorithm), seed).GetEncoded();
        yield return new("expanded key", encoded[128..], 16, 8);
        var bits = set.Eta == 2 ? 3 : 4;
        int[] s = Unpack(encoded.AsSpan(128, (k + l) * N * bits / 8), bits, set.Eta), t0 = Unpack(encoded.AsSpan(128 + ((k + l) * N * bits / 8)), 13, 1 << 12);
        yield return new("s1", Octets(s.AsSpan(0, l * N)), 64, 16);
        yield return new("s2", Octets(s.AsSpan(l * N)), 64, 16);
        yield return new("t0", Octets(t0), 16, 8);

        // As they lie in this build's own memory, and by the standard's representatives.
        using var key = PinnedKey.Expand(algorithm, seed);
        var transformed = ((MlDsaKey)key).SecretsForTests().Transformed;
        string[] names = ["ŝ1", "ŝ2", "t̂0"];
        int[] from = [0, l, l + k], count = [l, k, k];
        for (var i = 0; i < names.Length; i++)
        {
            var part = transformed.AsSpan(from[i] * N * 4, count[i] * N * 4).ToArray();
            yield return new(names[i], part, 16, 4);
            var standard = MemoryMarshal.Cast<byte, int>(part).ToArray().Select(a => ((a % Q) + Q) % Q).ToArray();
            yield return new(names[i] + " mod q", Octets(standard), 16, 4);
        }
    }

    private static byte[] Octets(ReadOnlySpan<int> coefficients) => MemoryMarshal.AsBytes(coefficients).ToArray();

    private static int[] Unpack(ReadOnlySpan<byte> octets, int bits, int b)
    {
        var w = new int[octets.Length * 8 / bits];
        for (var i = 0; i < w.Length; i++)
        {
            for (var bit = 0; bit < bits; bit++)
            {
                var at = (i * bits) + bit;
                w[i] |= ((octets[at >> 3] >> (at & 7)) & 1) << bit;
            }

            w[i] = b - w[i];
        }

        return w;
    }

    private static MLDsaParameters SetOf(KeyAlgorithm algorithm) =>
        algorithm == KeyAlgorithm.MlDsa44 ? MLDsaParameters.ml_dsa_44 : algorithm == KeyAlgorithm.MlDsa65 ? MLDsaParameters.ml_dsa_65 : MLDsaParameters.ml_dsa_87;
}
