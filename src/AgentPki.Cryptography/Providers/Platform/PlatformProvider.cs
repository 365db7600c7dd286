using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.PrivateKeys;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>
/// System.Security.Cryptography on the machine's OpenSSL: the first choice for every verification, and for keys that live in memory. It has ECDSA and
/// RSA everywhere; ML-DSA, SLH-DSA and ML-KEM where OpenSSL is 3.5 or newer, which is asked once, at start.
/// Keys of purpose <see cref="KeyPurpose.Subject"/> are not kept: opening them again finds nothing.
/// </summary>
public sealed class PlatformProvider : IKeyEncapsulationProvider
{
    public const string ProviderName = "platform";

    private readonly SoftwareKeyShelf _shelf = new();

    public string Name => ProviderName;

    public KeyProtection Protection => KeyProtection.Software;

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.Ecdsa or AlgorithmFamily.Rsa => KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Verify,
        AlgorithmFamily.MlDsa when PlatformPostQuantum.HasMlDsa => KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Verify,
        AlgorithmFamily.SlhDsa when PlatformPostQuantum.HasSlhDsa => KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Verify,
        AlgorithmFamily.MlKem when PlatformPostQuantum.HasMlKem => KeyCapabilities.Generate | KeyCapabilities.Encapsulate | KeyCapabilities.Decapsulate,
        AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.MlKem or AlgorithmFamily.Composite => KeyCapabilities.None,
    };

    public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        spec.RequireNoBackup();
        if (!CapabilitiesFor(spec.Algorithm).HasFlag(KeyCapabilities.Generate | KeyCapabilities.Sign))
        {
            throw Lacks(spec.Algorithm);
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
            throw Lacks(spec.Algorithm);
        }

        var key = PlatformMlKemKey.Generate(Reference(spec.Label), spec.Algorithm, spec.Purpose);
        _shelf.Keep(key);
        return ValueTask.FromResult<IDecapsulationKey>(key);
    }

    public ValueTask<IDecapsulationKey?> OpenDecapsulationKeyAsync(string label, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IDecapsulationKey?>(_shelf.TryGetDecapsulation(label, out var pkcs8, out var purpose) ? ImportDecapsulationKey(label, purpose, pkcs8) : null);

    public ValueTask<KeyEncapsulation> EncapsulateAsync(PublicKey key, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return CapabilitiesFor(key.Algorithm).HasFlag(KeyCapabilities.Encapsulate) ? ValueTask.FromResult(PlatformMlKemKey.Encapsulate(key)) : throw Lacks(key.Algorithm);
    }

    /// <summary>Opens an EC, RSA, ML-DSA (RFC 9881 §6) or SLH-DSA (RFC 9909 §7) private key from a DER PrivateKeyInfo (RFC 5958).</summary>
    /// <exception cref="CryptographicException">Not such a key, of a size this build does not know, of an algorithm the platform lacks, or one whose parts contradict each other.</exception>
    public static SoftwareSigningKey ImportPkcs8(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        var info = PrivateKeyInfo.Read(pkcs8);
        SoftwareSigningKey key = info.Algorithm switch
        {
            { Family: AlgorithmFamily.MlDsa } algorithm when PlatformPostQuantum.HasMlDsa => PlatformMlDsaKey.Import(Reference(label), algorithm, purpose, info.PrivateKey),
            { Family: AlgorithmFamily.SlhDsa } algorithm when PlatformPostQuantum.HasSlhDsa => PlatformSlhDsaKey.Import(Reference(label), algorithm, purpose, info.PrivateKey),
            _ => ImportClassical(label, purpose, pkcs8),
        };
        info.CheckPublicKey(key.PublicKey);
        return key;
    }

    /// <summary>Opens an ML-KEM private key from a DER PrivateKeyInfo (RFC 9935 §6).</summary>
    /// <exception cref="CryptographicException">Not such a key, the platform lacks the algorithm, or the key's parts contradict each other.</exception>
    public static SoftwareDecapsulationKey ImportDecapsulationKey(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        var info = PrivateKeyInfo.Read(pkcs8);
        var key = info.Algorithm is { Family: AlgorithmFamily.MlKem } algorithm && PlatformPostQuantum.HasMlKem
            ? PlatformMlKemKey.Import(Reference(label), algorithm, purpose, info.PrivateKey)
            : throw new CryptographicException("The platform opens no decapsulation key of that algorithm.");
        info.CheckPublicKey(key.PublicKey);
        return key;
    }

    public bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (!algorithm.Fits(key.Algorithm))
        {
            return false;
        }

        var verifier = key.TakeVerifier();
        try
        {
            verifier ??= PlatformVerifier.Create(key); // throws for a key that no signature can fit, as RSA with an even exponent
            return verifier is not null && verifier.Verify(algorithm, message, signature);
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            key.ReturnVerifier(verifier);
        }
    }

    private static SoftwareSigningKey Generate(KeyReference reference, KeySpec spec) => spec.Algorithm.Family switch
    {
        AlgorithmFamily.Ecdsa => new PlatformEcdsaKey(reference, spec.Algorithm, spec.Purpose, ECDsa.Create(PlatformEcdsaKey.CurveOf(spec.Algorithm))),
        AlgorithmFamily.Rsa => new PlatformRsaKey(reference, spec.Algorithm, spec.Purpose, RSA.Create(spec.Algorithm.SizeBits)),
        AlgorithmFamily.MlDsa => PlatformMlDsaKey.Generate(reference, spec.Algorithm, spec.Purpose),
        AlgorithmFamily.SlhDsa => PlatformSlhDsaKey.Generate(reference, spec.Algorithm, spec.Purpose),
        AlgorithmFamily.EdDsa or AlgorithmFamily.MlKem or AlgorithmFamily.Composite => throw Lacks(spec.Algorithm),
    };

    private static SoftwareSigningKey ImportClassical(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportPkcs8PrivateKey(pkcs8, out _);
            var spki = PublicKey.Parse(rsa.ExportSubjectPublicKeyInfo());
            return new PlatformRsaKey(Reference(label), spki.Algorithm, purpose, rsa);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException) // not RSA, or of a size unknown here
        {
            rsa.Dispose();
        }

        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportPkcs8PrivateKey(pkcs8, out _);
            return new PlatformEcdsaKey(Reference(label), KindOf(ecdsa, purpose), purpose, ecdsa);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            ecdsa.Dispose();
            throw new CryptographicException("The private key is of no kind or size that can be opened here, or its algorithm has parameters that do not belong to it.", e);
        }
    }

    /// <summary>Curves that only halves of composites have are taken for those alone.</summary>
    private static KeyAlgorithm KindOf(ECDsa key, KeyPurpose purpose) =>
        (purpose == KeyPurpose.CompositeHalf ? PublicKey.ParseHalf(key.ExportSubjectPublicKeyInfo()) : PublicKey.Parse(key.ExportSubjectPublicKeyInfo())).Algorithm;

    private static NotSupportedException Lacks(KeyAlgorithm algorithm) => new($"The platform's library generates and uses no keys of kind {algorithm} here.");

    private static KeyReference Reference(string label) => new(ProviderName, label);
}
