using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace AgentPki.X509.Tests.Support;

/// <summary>A key pair as BouncyCastle, the second opinion, makes and encodes it.</summary>
internal sealed record BouncyCastleKey(AsymmetricCipherKeyPair Pair)
{
    public byte[] SubjectPublicKeyInfo => SubjectPublicKeyInfoFactory.CreateSubjectPublicKeyInfo(Pair.Public).GetDerEncoded();

    public byte[] Pkcs8 => PrivateKeyInfoFactory.CreatePrivateKeyInfo(Pair.Private).GetDerEncoded();
}

/// <summary>Post-quantum keys of BouncyCastle's making, made once a run.</summary>
internal static class BouncyCastlePki
{
    private static readonly SecureRandom Random = new();

    public static Lazy<BouncyCastleKey> MlKem768 { get; } = new(() =>
    {
        var generator = new MLKemKeyPairGenerator();
        generator.Init(new MLKemKeyGenerationParameters(Random, MLKemParameters.ml_kem_768));
        return new BouncyCastleKey(generator.GenerateKeyPair());
    });

    public static Lazy<BouncyCastleKey> MlDsa65 { get; } = new(() => MlDsa(MLDsaParameters.ml_dsa_65));

    public static Lazy<BouncyCastleKey> SlhDsa128 { get; } = new(() =>
    {
        var generator = new SlhDsaKeyPairGenerator();
        generator.Init(new SlhDsaKeyGenerationParameters(Random, SlhDsaParameters.slh_dsa_sha2_128f));
        return new BouncyCastleKey(generator.GenerateKeyPair());
    });

    private static BouncyCastleKey MlDsa(MLDsaParameters parameters)
    {
        var generator = new MLDsaKeyPairGenerator();
        generator.Init(new MLDsaKeyGenerationParameters(Random, parameters));
        return new BouncyCastleKey(generator.GenerateKeyPair());
    }
}
