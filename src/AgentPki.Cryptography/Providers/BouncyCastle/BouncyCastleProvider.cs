using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace AgentPki.Cryptography.Providers.BouncyCastle;

/// <summary>
/// What the platform lacks everywhere or on an older OpenSSL: Ed25519 (RFC 8032), ML-DSA, SLH-DSA and ML-KEM (FIPS 204, 205, 203), in memory.
/// Classical ECDSA and RSA never come this way. Keys of purpose <see cref="KeyPurpose.Subject"/> are not kept: opening them again finds nothing.
/// </summary>
public sealed class BouncyCastleProvider : IKeyEncapsulationProvider
{
    public const string ProviderName = "bouncycastle";

    private readonly SoftwareKeyShelf _shelf = new();

    public string Name => ProviderName;

    public KeyProtection Protection => KeyProtection.Software;

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa => KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Verify,
        AlgorithmFamily.MlKem => KeyCapabilities.Generate | KeyCapabilities.Encapsulate | KeyCapabilities.Decapsulate,
        AlgorithmFamily.EdDsa => KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Verify,
        AlgorithmFamily.Ecdsa or AlgorithmFamily.Rsa or AlgorithmFamily.Composite => KeyCapabilities.None,
    };

    public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        spec.RequireNoBackup();
        if (!CapabilitiesFor(spec.Algorithm).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign))
        {
            throw new NotSupportedException($"This provider generates no signing keys of kind {spec.Algorithm}.");
        }

        var key = Generate(Reference(spec.Label), spec);
        _shelf.Keep(key);
        return ValueTask.FromResult<ISigningKey>(key);
    }

    public ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ISigningKey?>(_shelf.TryGetSigning(label, out var pkcs8, out var purpose) ? ImportPkcs8(label, purpose, pkcs8) : null);

    public ValueTask<IDecapsulationKey> GenerateDecapsulationKeyAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        spec.RequireNoBackup();
        if (!CapabilitiesFor(spec.Algorithm).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Decapsulate))
        {
            throw new NotSupportedException($"This provider generates no decapsulation keys of kind {spec.Algorithm}.");
        }

        var key = FromFreshSeed(spec.Algorithm, seed => BouncyCastleMlKemKey.FromSeed(Reference(spec.Label), spec.Algorithm, spec.Purpose, seed));
        _shelf.Keep(key);
        return ValueTask.FromResult<IDecapsulationKey>(key);
    }

    public ValueTask<IDecapsulationKey?> OpenDecapsulationKeyAsync(string label, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IDecapsulationKey?>(_shelf.TryGetDecapsulation(label, out var pkcs8, out var purpose) ? ImportDecapsulationKey(label, purpose, pkcs8) : null);

    public ValueTask<KeyEncapsulation> EncapsulateAsync(PublicKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return CapabilitiesFor(key.Algorithm).HasFlag(KeyCapabilities.Encapsulate)
            ? ValueTask.FromResult(BouncyCastleMlKemKey.Encapsulate(key))
            : throw new NotSupportedException($"Nothing is encapsulated to a key of kind {key.Algorithm}.");
    }

    /// <summary>Opens an Ed25519 (RFC 8410 §7), ML-DSA (RFC 9881 §6) or SLH-DSA (RFC 9909 §7) private key from a DER PrivateKeyInfo.</summary>
    /// <exception cref="CryptographicException">Not such a key, or one whose parts contradict each other; the message says which.</exception>
    public static SoftwareSigningKey ImportPkcs8(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        var info = PrivateKeyInfo.Read(pkcs8);
        SoftwareSigningKey key = info.Algorithm switch
        {
            { Family: AlgorithmFamily.MlDsa } algorithm => BouncyCastleMlDsaKey.Import(Reference(label), algorithm, purpose, info.PrivateKey),
            { Family: AlgorithmFamily.SlhDsa } algorithm => BouncyCastleSlhDsaKey.Import(Reference(label), algorithm, purpose, info.PrivateKey),
            { Family: AlgorithmFamily.EdDsa } algorithm => algorithm == KeyAlgorithm.Ed448 ? BouncyCastleEd448Key.Import(Reference(label), purpose, pkcs8) : ImportEd25519(label, purpose, pkcs8),
            _ => throw new CryptographicException("This provider opens no signing key of that algorithm."),
        };
        info.CheckPublicKey(key.PublicKey);
        return key;
    }

    /// <summary>Opens an ML-KEM private key from a DER PrivateKeyInfo (RFC 9935 §6).</summary>
    /// <exception cref="CryptographicException">Not such a key, or one whose parts contradict each other; the message says which.</exception>
    public static SoftwareDecapsulationKey ImportDecapsulationKey(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        var info = PrivateKeyInfo.Read(pkcs8);
        var key = info.Algorithm is { Family: AlgorithmFamily.MlKem } algorithm
            ? BouncyCastleMlKemKey.Import(Reference(label), algorithm, purpose, info.PrivateKey)
            : throw new CryptographicException("This provider opens no decapsulation key of that algorithm.");
        info.CheckPublicKey(key.PublicKey);
        return key;
    }

    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) =>
        CapabilitiesFor(key.Algorithm).HasFlag(KeyCapabilities.Verify) && algorithm.Fits(key.Algorithm) && BouncyCastleVerifier.Verify(key, algorithm, message, signature);

    private static SoftwareSigningKey Generate(KeyReference reference, KeySpec spec) => spec.Algorithm.Family switch
    {
        AlgorithmFamily.MlDsa => FromFreshSeed(spec.Algorithm, seed => BouncyCastleMlDsaKey.FromSeed(reference, spec.Algorithm, spec.Purpose, seed)),
        AlgorithmFamily.SlhDsa => BouncyCastleSlhDsaKey.Generate(reference, spec.Algorithm, spec.Purpose),
        _ when spec.Algorithm == KeyAlgorithm.Ed448 => new BouncyCastleEd448Key(reference, spec.Purpose, new Ed448PrivateKeyParameters(BouncyCastleParameters.Random)),
        _ => new BouncyCastleEd25519Key(reference, spec.Purpose, new Ed25519PrivateKeyParameters(BouncyCastleParameters.Random)),
    };

    private static TKey FromFreshSeed<TKey>(KeyAlgorithm algorithm, Func<byte[], TKey> make)
    {
        var seed = RandomNumberGenerator.GetBytes(LatticePrivateKey.SeedSize(algorithm));
        try
        {
            return make(seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static BouncyCastleEd25519Key ImportEd25519(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        try
        {
            return new BouncyCastleEd25519Key(Reference(label), purpose, (Ed25519PrivateKeyParameters)PrivateKeyFactory.CreateKey(pkcs8.ToArray()));
        }
        catch (Exception e) when (e is ArgumentException or InvalidCastException or IOException)
        {
            throw new CryptographicException("The Ed25519 private key is not an OCTET STRING of 32 octets (RFC 8410 §7).", e);
        }
    }

    private static KeyReference Reference(string label) => new(ProviderName, label);
}
