namespace AgentPki.Cryptography.Providers.Pinned.MlDsa;

/// <summary>One parameter set of FIPS 204 table 1, with the sizes of table 2.</summary>
internal sealed record MlDsaParameters(KeyAlgorithm Algorithm, int K, int L, int Eta, int Tau, int ChallengeSize, int Gamma1Bits, int Gamma2, int Omega)
{
    /// <summary>q and the number of coefficients.</summary>
    public const int Q = 8380417, N = 256;

    /// <summary>d: the bits dropped from t.</summary>
    public const int DroppedBits = 13;

    /// <summary>ξ: all that is kept of a private key.</summary>
    public const int SeedSize = 32;

    private static readonly MlDsaParameters[] All =
    [
        new(KeyAlgorithm.MlDsa44, K: 4, L: 4, Eta: 2, Tau: 39, ChallengeSize: 32, Gamma1Bits: 17, Gamma2: (Q - 1) / 88, Omega: 80),
        new(KeyAlgorithm.MlDsa65, K: 6, L: 5, Eta: 4, Tau: 49, ChallengeSize: 48, Gamma1Bits: 19, Gamma2: (Q - 1) / 32, Omega: 55),
        new(KeyAlgorithm.MlDsa87, K: 8, L: 7, Eta: 2, Tau: 60, ChallengeSize: 64, Gamma1Bits: 19, Gamma2: (Q - 1) / 32, Omega: 75),
    ];

    public int Gamma1 => 1 << Gamma1Bits;

    /// <summary>β = τ · η.</summary>
    public int Beta => Tau * Eta;

    /// <summary>The bits of one coefficient of w1 (FIPS 204 algorithm 28).</summary>
    public int HighBitsSize => Gamma2 == (Q - 1) / 32 ? 4 : 6;

    /// <summary>The octets of one encoded polynomial of z.</summary>
    public int ResponseSize => N * (Gamma1Bits + 1) / 8;

    public int SignatureSize => ChallengeSize + (L * ResponseSize) + Omega + K;

    public int PublicKeySize => 32 + (K * 320);

    /// <exception cref="NotSupportedException">It is not ML-DSA.</exception>
    public static MlDsaParameters Of(KeyAlgorithm algorithm) =>
        All.FirstOrDefault(p => p.Algorithm == algorithm) ?? throw new NotSupportedException($"{algorithm} is not ML-DSA.");
}
