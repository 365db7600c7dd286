using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>An SLH-DSA key (FIPS 205) that signs hedged: fresh randomness enters every signature (FIPS 205 §3.4).</summary>
internal sealed class BouncyCastleSlhDsaKey : SoftwareSigningKey
{
    private readonly SlhDsaPrivateKeyParameters _key;

    private BouncyCastleSlhDsaKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, SlhDsaPrivateKeyParameters key)
        : base(reference, algorithm, purpose, PublicKey.FromKeyBits(algorithm, key.GetPublicKeyEncoded())) => _key = key;

    public static BouncyCastleSlhDsaKey Generate(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose)
    {
        var generator = new SlhDsaKeyPairGenerator();
        generator.Init(new SlhDsaKeyGenerationParameters(BouncyCastleParameters.Random, BouncyCastleParameters.SlhDsa[algorithm]));
        return new BouncyCastleSlhDsaKey(reference, algorithm, purpose, (SlhDsaPrivateKeyParameters)generator.GenerateKeyPair().Private);
    }

    /// <summary>Opens the 4n octets SK.seed ‖ SK.prf ‖ PK.seed ‖ PK.root (FIPS 205 §9.1), which stand in a PrivateKeyInfo without a frame (RFC 9909 §7).</summary>
    /// <exception cref="CryptographicException">Not of the set's length.</exception>
    public static BouncyCastleSlhDsaKey Import(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ReadOnlySpan<byte> privateKey) =>
        privateKey.Length == 2 * algorithm.PublicKeySize
            ? new BouncyCastleSlhDsaKey(reference, algorithm, purpose, SlhDsaPrivateKeyParameters.FromEncoding(BouncyCastleParameters.SlhDsa[algorithm], privateKey.ToArray()))
            : throw PrivateKeys.HashPrivateKey.WrongLength(algorithm, privateKey.Length);

    public override byte[] ExportPkcs8() => PrivateKeys.PrivateKeyInfo.Write(Algorithm, _key.GetEncoded());

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        var signer = new SlhDsaSigner(_key.Parameters, deterministic: false);
        signer.Init(true, new ParametersWithRandom(_key, BouncyCastleParameters.Random).WithContext(algorithm));
        signer.BlockUpdate(message);
        return signer.GenerateSignature();
    }

    private protected override void DisposeCore()
    {
    }
}
