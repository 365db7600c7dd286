using System.Collections.Frozen;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Prng;
using Org.BouncyCastle.Security;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>The library's names for our algorithms: the pure variants only (its "…-WITH-SHA512" is HashML-DSA, another algorithm).</summary>
internal static class BouncyCastleParameters
{
    public static FrozenDictionary<KeyAlgorithm, MLDsaParameters> MlDsa { get; } = new Dictionary<KeyAlgorithm, MLDsaParameters>
    {
        [KeyAlgorithm.MlDsa44] = MLDsaParameters.ml_dsa_44,
        [KeyAlgorithm.MlDsa65] = MLDsaParameters.ml_dsa_65,
        [KeyAlgorithm.MlDsa87] = MLDsaParameters.ml_dsa_87,
    }.ToFrozenDictionary();

    public static FrozenDictionary<KeyAlgorithm, MLKemParameters> MlKem { get; } = new Dictionary<KeyAlgorithm, MLKemParameters>
    {
        [KeyAlgorithm.MlKem512] = MLKemParameters.ml_kem_512,
        [KeyAlgorithm.MlKem768] = MLKemParameters.ml_kem_768,
        [KeyAlgorithm.MlKem1024] = MLKemParameters.ml_kem_1024,
    }.ToFrozenDictionary();

    public static FrozenDictionary<KeyAlgorithm, SlhDsaParameters> SlhDsa { get; } = new Dictionary<KeyAlgorithm, SlhDsaParameters>
    {
        [KeyAlgorithm.SlhDsaSha2Small128] = SlhDsaParameters.slh_dsa_sha2_128s,
        [KeyAlgorithm.SlhDsaSha2Fast128] = SlhDsaParameters.slh_dsa_sha2_128f,
        [KeyAlgorithm.SlhDsaSha2Small192] = SlhDsaParameters.slh_dsa_sha2_192s,
        [KeyAlgorithm.SlhDsaSha2Fast192] = SlhDsaParameters.slh_dsa_sha2_192f,
        [KeyAlgorithm.SlhDsaSha2Small256] = SlhDsaParameters.slh_dsa_sha2_256s,
        [KeyAlgorithm.SlhDsaSha2Fast256] = SlhDsaParameters.slh_dsa_sha2_256f,
        [KeyAlgorithm.SlhDsaShakeSmall128] = SlhDsaParameters.slh_dsa_shake_128s,
        [KeyAlgorithm.SlhDsaShakeFast128] = SlhDsaParameters.slh_dsa_shake_128f,
        [KeyAlgorithm.SlhDsaShakeSmall192] = SlhDsaParameters.slh_dsa_shake_192s,
        [KeyAlgorithm.SlhDsaShakeFast192] = SlhDsaParameters.slh_dsa_shake_192f,
        [KeyAlgorithm.SlhDsaShakeSmall256] = SlhDsaParameters.slh_dsa_shake_256s,
        [KeyAlgorithm.SlhDsaShakeFast256] = SlhDsaParameters.slh_dsa_shake_256f,
    }.ToFrozenDictionary();

    /// <summary>The system's generator, asked anew for every octet: the library's own default keeps a state between calls.</summary>
    public static SecureRandom Random { get; } = new(new CryptoApiRandomGenerator());

    /// <summary>The key with the context string that both sides put into the signature, if there is one (FIPS 204 §5.2, FIPS 205 §10.2).</summary>
    public static ICipherParameters WithContext(this ICipherParameters key, SignatureAlgorithm algorithm) =>
        algorithm.Context.IsEmpty ? key : new ParametersWithContext(key, algorithm.Context.ToArray());
}
