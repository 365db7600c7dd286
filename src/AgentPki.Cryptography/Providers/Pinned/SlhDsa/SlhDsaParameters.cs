namespace AgentPki.Cryptography.Providers.Pinned.SlhDsa;

/// <summary>One parameter set of FIPS 205 table 2; w = 16 in all of them.</summary>
/// <param name="N">Octets of a hash value.</param>
/// <param name="H">Height of the hypertree, in <paramref name="D"/> layers.</param>
/// <param name="A">Height of each of the <paramref name="K"/> FORS trees.</param>
/// <param name="DigestSize">m: octets of the message digest.</param>
internal sealed record SlhDsaParameters(KeyAlgorithm Algorithm, bool IsShake, int N, int H, int D, int A, int K, int DigestSize)
{
    /// <summary>w: steps of a WOTS+ chain; lg_w bits to the digit.</summary>
    public const int ChainLength = 16, DigitBits = 4;

    /// <summary>len2 of FIPS 205 equation 5.3, the same for every n here.</summary>
    public const int ChecksumDigits = 3;

    private static readonly SlhDsaParameters[] All =
    [
        new(KeyAlgorithm.SlhDsaSha2Small128, false, 16, 63, 7, 12, 14, 30),
        new(KeyAlgorithm.SlhDsaSha2Fast128, false, 16, 66, 22, 6, 33, 34),
        new(KeyAlgorithm.SlhDsaSha2Small192, false, 24, 63, 7, 14, 17, 39),
        new(KeyAlgorithm.SlhDsaSha2Fast192, false, 24, 66, 22, 8, 33, 42),
        new(KeyAlgorithm.SlhDsaSha2Small256, false, 32, 64, 8, 14, 22, 47),
        new(KeyAlgorithm.SlhDsaSha2Fast256, false, 32, 68, 17, 9, 35, 49),
        new(KeyAlgorithm.SlhDsaShakeSmall128, true, 16, 63, 7, 12, 14, 30),
        new(KeyAlgorithm.SlhDsaShakeFast128, true, 16, 66, 22, 6, 33, 34),
        new(KeyAlgorithm.SlhDsaShakeSmall192, true, 24, 63, 7, 14, 17, 39),
        new(KeyAlgorithm.SlhDsaShakeFast192, true, 24, 66, 22, 8, 33, 42),
        new(KeyAlgorithm.SlhDsaShakeSmall256, true, 32, 64, 8, 14, 22, 47),
        new(KeyAlgorithm.SlhDsaShakeFast256, true, 32, 68, 17, 9, 35, 49),
    ];

    /// <summary>h′: the height of one XMSS tree.</summary>
    public int TreeHeight => H / D;

    /// <summary>len: the digits, and chains, of a WOTS+ signature.</summary>
    public int Chains => (2 * N) + ChecksumDigits;

    public int SignatureSize => N * (1 + (K * (1 + A)) + H + (D * Chains));

    /// <exception cref="NotSupportedException">It is not SLH-DSA.</exception>
    public static SlhDsaParameters Of(KeyAlgorithm algorithm) =>
        All.FirstOrDefault(p => p.Algorithm == algorithm) ?? throw new NotSupportedException($"{algorithm} is not SLH-DSA.");
}
