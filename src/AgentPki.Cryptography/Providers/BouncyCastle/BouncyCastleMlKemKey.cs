using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;
using Org.BouncyCastle.Crypto.Kems;
using Org.BouncyCastle.Crypto.Parameters;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>An ML-KEM key (FIPS 203).</summary>
internal sealed class BouncyCastleMlKemKey : SoftwareDecapsulationKey
{
    private readonly MLKemPrivateKeyParameters _key;

    private BouncyCastleMlKemKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, MLKemPrivateKeyParameters key)
        : base(reference, purpose, PublicKey.FromKeyBits(algorithm, key.GetPublicKeyEncoded())) => _key = key;

    public static BouncyCastleMlKemKey FromSeed(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ReadOnlySpan<byte> seed) =>
        new(reference, algorithm, purpose, MLKemPrivateKeyParameters.FromSeed(BouncyCastleParameters.MlKem[algorithm], seed.ToArray())); // the library keeps the array

    /// <exception cref="CryptographicException">Not such a key, or one whose parts contradict each other.</exception>
    public static BouncyCastleMlKemKey Import(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ReadOnlySpan<byte> privateKey)
    {
        var form = LatticePrivateKey.Read(algorithm, privateKey);
        if (!form.Seed.IsEmpty)
        {
            var key = FromSeed(reference, algorithm, purpose, form.Seed);
            form.CheckExpanded(algorithm, key._key.GetEncoded());
            return key;
        }

        BouncyCastleMlKemKey expanded;
        try
        {
            expanded = new BouncyCastleMlKemKey(reference, algorithm, purpose, MLKemPrivateKeyParameters.FromEncoding(BouncyCastleParameters.MlKem[algorithm], form.Expanded.ToArray()));
        }
        catch (ArgumentException e)
        {
            throw LatticePrivateKey.Inconsistent(algorithm, e);
        }

        // FIPS 203 §7.1, pair-wise consistency: the secret vector is checked by nothing else.
        return expanded.Opens(Encapsulate(expanded.PublicKey)) ? expanded : throw LatticePrivateKey.Inconsistent(algorithm);
    }

    public static KeyEncapsulation Encapsulate(PublicKey key)
    {
        var parameters = BouncyCastleParameters.MlKem[key.Algorithm];
        var encapsulator = new MLKemEncapsulator(parameters);
        encapsulator.Init(new ParametersWithRandom(MLKemPublicKeyParameters.FromEncoding(parameters, key.KeyBits.ToArray()), BouncyCastleParameters.Random));
        var made = new KeyEncapsulation(new byte[encapsulator.EncapsulationLength], new byte[encapsulator.SecretLength]);
        encapsulator.Encapsulate(made.Ciphertext, made.SharedSecret);
        return made;
    }

    public override byte[] ExportPkcs8() =>
        _key.GetSeed() is { } seed ? LatticePrivateKey.WriteSeed(Algorithm, seed) : LatticePrivateKey.WriteExpanded(Algorithm, _key.GetEncoded());

    private protected override byte[] DecapsulateCore(ReadOnlySpan<byte> ciphertext)
    {
        var decapsulator = new MLKemDecapsulator(_key.Parameters);
        decapsulator.Init(_key);
        var secret = new byte[decapsulator.SecretLength];
        decapsulator.Decapsulate(ciphertext, secret);
        return secret;
    }

    private protected override void DisposeCore()
    {
    }
}
