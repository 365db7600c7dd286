using System.Collections.Frozen;
using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>The platform's names for post-quantum algorithms, and whether the machine's library has them (OpenSSL from 3.5).</summary>
internal static class PlatformPostQuantum
{
    public static FrozenDictionary<KeyAlgorithm, MLDsaAlgorithm> MlDsa { get; } = new Dictionary<KeyAlgorithm, MLDsaAlgorithm>
    {
        [KeyAlgorithm.MlDsa44] = MLDsaAlgorithm.MLDsa44,
        [KeyAlgorithm.MlDsa65] = MLDsaAlgorithm.MLDsa65,
        [KeyAlgorithm.MlDsa87] = MLDsaAlgorithm.MLDsa87,
    }.ToFrozenDictionary();

    public static FrozenDictionary<KeyAlgorithm, MLKemAlgorithm> MlKem { get; } = new Dictionary<KeyAlgorithm, MLKemAlgorithm>
    {
        [KeyAlgorithm.MlKem512] = MLKemAlgorithm.MLKem512,
        [KeyAlgorithm.MlKem768] = MLKemAlgorithm.MLKem768,
        [KeyAlgorithm.MlKem1024] = MLKemAlgorithm.MLKem1024,
    }.ToFrozenDictionary();

#pragma warning disable SYSLIB5006 // SlhDsa is marked experimental because FIPS 205's interface may still change; the contract tests and vectors would show it
    public static FrozenDictionary<KeyAlgorithm, SlhDsaAlgorithm> SlhDsa { get; } = new Dictionary<KeyAlgorithm, SlhDsaAlgorithm>
    {
        [KeyAlgorithm.SlhDsaSha2Small128] = SlhDsaAlgorithm.SlhDsaSha2_128s,
        [KeyAlgorithm.SlhDsaSha2Fast128] = SlhDsaAlgorithm.SlhDsaSha2_128f,
        [KeyAlgorithm.SlhDsaSha2Small192] = SlhDsaAlgorithm.SlhDsaSha2_192s,
        [KeyAlgorithm.SlhDsaSha2Fast192] = SlhDsaAlgorithm.SlhDsaSha2_192f,
        [KeyAlgorithm.SlhDsaSha2Small256] = SlhDsaAlgorithm.SlhDsaSha2_256s,
        [KeyAlgorithm.SlhDsaSha2Fast256] = SlhDsaAlgorithm.SlhDsaSha2_256f,
        [KeyAlgorithm.SlhDsaShakeSmall128] = SlhDsaAlgorithm.SlhDsaShake128s,
        [KeyAlgorithm.SlhDsaShakeFast128] = SlhDsaAlgorithm.SlhDsaShake128f,
        [KeyAlgorithm.SlhDsaShakeSmall192] = SlhDsaAlgorithm.SlhDsaShake192s,
        [KeyAlgorithm.SlhDsaShakeFast192] = SlhDsaAlgorithm.SlhDsaShake192f,
        [KeyAlgorithm.SlhDsaShakeSmall256] = SlhDsaAlgorithm.SlhDsaShake256s,
        [KeyAlgorithm.SlhDsaShakeFast256] = SlhDsaAlgorithm.SlhDsaShake256f,
    }.ToFrozenDictionary();

    public static bool HasSlhDsa { get; } = System.Security.Cryptography.SlhDsa.IsSupported;
#pragma warning restore SYSLIB5006

    public static bool HasMlDsa { get; } = MLDsa.IsSupported;

    public static bool HasMlKem { get; } = MLKem.IsSupported;
}
