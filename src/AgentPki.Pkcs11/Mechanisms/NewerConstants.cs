using System.Collections.Frozen;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>
/// Constants of PKCS#11 v3.0 and v3.2 that Pkcs11Interop, which follows v2.40, lacks: those of the algorithms that this appliance knows, by the
/// standard's names, so that a <c>token.yaml</c> can use them.
/// </summary>
internal static class NewerConstants
{
    /// <summary>Which of an algorithm's parameter sets a key has (v3.2 §6.67.2, §6.68.2, §6.69.2).</summary>
    public const CKA ParameterSet = (CKA)0x61d;

    /// <summary>Whether a public key may be encapsulated to (v3.2 §4.9).</summary>
    public const CKA Encapsulate = (CKA)0x633;

    /// <summary>Whether a private key may decapsulate (v3.2 §4.10).</summary>
    public const CKA Decapsulate = (CKA)0x634;

    /// <summary>The seed that an ML-DSA or ML-KEM private key was expanded from (v3.2 §6.67.3, §6.68.3): as secret as the key.</summary>
    public const CKA Seed = (CKA)0x637;

    /// <summary>Whether C_DestroyObject may destroy the object (v3.0 §4.4, v2.40 errata).</summary>
    public const CKA Destroyable = (CKA)0x172;

    public static FrozenDictionary<string, ulong> ByName { get; } = new Dictionary<string, ulong>
    {
        // v2.40 names that took the place of older ones
        ["CKM_EC_KEY_PAIR_GEN"] = 0x1040,
        ["CKK_EC"] = 0x03,

        // v3.0 §6.13.11: RFC 5649 and its forerunner; of CKM_AES_KEY_WRAP_PAD makers think either
        ["CKM_AES_KEY_WRAP_KWP"] = 0x210b,
        ["CKM_AES_KEY_WRAP_PKCS7"] = 0x210c,

        // v3.0 §6.3 (elliptic curves after Bernstein)
        ["CKM_EC_EDWARDS_KEY_PAIR_GEN"] = 0x1055,
        ["CKM_EC_MONTGOMERY_KEY_PAIR_GEN"] = 0x1056,
        ["CKM_EDDSA"] = 0x1057,

        ["CKK_EC_EDWARDS"] = 0x40,
        ["CKK_EC_MONTGOMERY"] = 0x41,

        // v3.2 §6.68 ML-KEM
        ["CKM_ML_KEM_KEY_PAIR_GEN"] = 0x0f,
        ["CKM_ML_KEM"] = 0x17,
        ["CKK_ML_KEM"] = 0x49,
        ["CKP_ML_KEM_512"] = 1,
        ["CKP_ML_KEM_768"] = 2,
        ["CKP_ML_KEM_1024"] = 3,

        // v3.2 §6.67 ML-DSA
        ["CKM_ML_DSA_KEY_PAIR_GEN"] = 0x1c,
        ["CKM_ML_DSA"] = 0x1d,
        ["CKM_HASH_ML_DSA"] = 0x1f,
        ["CKM_HASH_ML_DSA_SHA224"] = 0x23,
        ["CKM_HASH_ML_DSA_SHA256"] = 0x24,
        ["CKM_HASH_ML_DSA_SHA384"] = 0x25,
        ["CKM_HASH_ML_DSA_SHA512"] = 0x26,
        ["CKM_HASH_ML_DSA_SHA3_224"] = 0x27,
        ["CKM_HASH_ML_DSA_SHA3_256"] = 0x28,
        ["CKM_HASH_ML_DSA_SHA3_384"] = 0x29,
        ["CKM_HASH_ML_DSA_SHA3_512"] = 0x2a,
        ["CKM_HASH_ML_DSA_SHAKE128"] = 0x2b,
        ["CKM_HASH_ML_DSA_SHAKE256"] = 0x2c,
        ["CKK_ML_DSA"] = 0x4a,
        ["CKP_ML_DSA_44"] = 1,
        ["CKP_ML_DSA_65"] = 2,
        ["CKP_ML_DSA_87"] = 3,

        // v3.2 §6.69 SLH-DSA
        ["CKM_SLH_DSA_KEY_PAIR_GEN"] = 0x2d,
        ["CKM_SLH_DSA"] = 0x2e,
        ["CKM_HASH_SLH_DSA"] = 0x34,
        ["CKM_HASH_SLH_DSA_SHA224"] = 0x36,
        ["CKM_HASH_SLH_DSA_SHA256"] = 0x37,
        ["CKM_HASH_SLH_DSA_SHA384"] = 0x38,
        ["CKM_HASH_SLH_DSA_SHA512"] = 0x39,
        ["CKM_HASH_SLH_DSA_SHA3_224"] = 0x3a,
        ["CKM_HASH_SLH_DSA_SHA3_256"] = 0x3b,
        ["CKM_HASH_SLH_DSA_SHA3_384"] = 0x3c,
        ["CKM_HASH_SLH_DSA_SHA3_512"] = 0x3d,
        ["CKM_HASH_SLH_DSA_SHAKE128"] = 0x3e,
        ["CKM_HASH_SLH_DSA_SHAKE256"] = 0x3f,
        ["CKK_SLH_DSA"] = 0x4b,
        ["CKP_SLH_DSA_SHA2_128S"] = 1,
        ["CKP_SLH_DSA_SHAKE_128S"] = 2,
        ["CKP_SLH_DSA_SHA2_128F"] = 3,
        ["CKP_SLH_DSA_SHAKE_128F"] = 4,
        ["CKP_SLH_DSA_SHA2_192S"] = 5,
        ["CKP_SLH_DSA_SHAKE_192S"] = 6,
        ["CKP_SLH_DSA_SHA2_192F"] = 7,
        ["CKP_SLH_DSA_SHAKE_192F"] = 8,
        ["CKP_SLH_DSA_SHA2_256S"] = 9,
        ["CKP_SLH_DSA_SHAKE_256S"] = 10,
        ["CKP_SLH_DSA_SHA2_256F"] = 11,
        ["CKP_SLH_DSA_SHAKE_256F"] = 12,

        // v3.2 §4.9, §4.10 and the key objects of §6.67 to §6.69
        ["CKA_PARAMETER_SET"] = (ulong)ParameterSet,
        ["CKA_ENCAPSULATE_TEMPLATE"] = 0x62a,
        ["CKA_DECAPSULATE_TEMPLATE"] = 0x62b,
        ["CKA_ENCAPSULATE"] = (ulong)Encapsulate,
        ["CKA_DECAPSULATE"] = (ulong)Decapsulate,
        ["CKA_DESTROYABLE"] = (ulong)Destroyable,
        ["CKA_SEED"] = (ulong)Seed,
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
