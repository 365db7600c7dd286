using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>An ML-DSA key (FIPS 204) that signs hedged: fresh randomness enters every signature (FIPS 204 §3.4).</summary>
internal sealed class BouncyCastleMlDsaKey : SoftwareSigningKey
{
    private readonly MLDsaPrivateKeyParameters _key;

    private BouncyCastleMlDsaKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, MLDsaPrivateKeyParameters key)
        : base(reference, algorithm, purpose, PublicKey.FromKeyBits(algorithm, key.GetPublicKeyEncoded())) => _key = key;

    public static BouncyCastleMlDsaKey FromSeed(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ReadOnlySpan<byte> seed) =>
        new(reference, algorithm, purpose, MLDsaPrivateKeyParameters.FromSeed(BouncyCastleParameters.MlDsa[algorithm], seed.ToArray())); // the library keeps the array

    /// <exception cref="CryptographicException">Not such a key, or one whose parts contradict each other.</exception>
    public static BouncyCastleMlDsaKey Import(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ReadOnlySpan<byte> privateKey)
    {
        var form = LatticePrivateKey.Read(algorithm, privateKey);
        if (!form.Seed.IsEmpty)
        {
            var key = FromSeed(reference, algorithm, purpose, form.Seed);
            form.CheckExpanded(algorithm, key._key.GetEncoded());
            return key;
        }

        return MlDsaExpandedKey.IsConsistent(algorithm, form.Expanded)
            ? new BouncyCastleMlDsaKey(reference, algorithm, purpose, MLDsaPrivateKeyParameters.FromEncoding(BouncyCastleParameters.MlDsa[algorithm], form.Expanded.ToArray()))
            : throw LatticePrivateKey.Inconsistent(algorithm);
    }

    public override byte[] ExportPkcs8() =>
        _key.GetSeed() is { } seed ? LatticePrivateKey.WriteSeed(Algorithm, seed) : LatticePrivateKey.WriteExpanded(Algorithm, _key.GetEncoded());

    private protected override byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        var signer = new MLDsaSigner(_key.Parameters, deterministic: false);
        signer.Init(true, new ParametersWithRandom(_key, BouncyCastleParameters.Random).WithContext(algorithm));
        signer.BlockUpdate(message);
        return signer.GenerateSignature();
    }

    private protected override void DisposeCore()
    {
    }
}
