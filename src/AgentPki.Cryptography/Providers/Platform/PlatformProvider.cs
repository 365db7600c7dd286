using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>
/// System.Security.Cryptography on the machine's OpenSSL: the first choice for every verification, and for keys that live in memory.
/// Keys of purpose <see cref="KeyPurpose.Subject"/> are not kept: opening them again finds nothing.
/// </summary>
public sealed class PlatformProvider : ICryptoProvider
{
    public const string ProviderName = "platform";

    private readonly SoftwareKeyShelf _shelf = new();

    public string Name => ProviderName;

    public KeyProtection Protection => KeyProtection.Software;

    public KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.Ecdsa or AlgorithmFamily.Rsa => KeyCapabilities.Generate | KeyCapabilities.Sign | KeyCapabilities.Verify,
        AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.MlKem or AlgorithmFamily.Composite => KeyCapabilities.None,
    };

    public ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SoftwareSigningKey key = spec.Algorithm.Family switch
        {
            AlgorithmFamily.Ecdsa => new PlatformEcdsaKey(Reference(spec.Label), spec.Algorithm, spec.Purpose, ECDsa.Create(PlatformEcdsaKey.CurveOf(spec.Algorithm))),
            AlgorithmFamily.Rsa => new PlatformRsaKey(Reference(spec.Label), spec.Algorithm, spec.Purpose, RSA.Create(spec.Algorithm.SizeBits)),
            AlgorithmFamily.EdDsa or AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa or AlgorithmFamily.MlKem or AlgorithmFamily.Composite => throw new NotSupportedException($"The platform has no {spec.Algorithm}."),
        };
        if (spec.Purpose != KeyPurpose.Subject)
        {
            _shelf.Add(spec.Label, key);
        }

        return ValueTask.FromResult<ISigningKey>(key);
    }

    public ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken) =>
        ValueTask.FromResult<ISigningKey?>(_shelf.TryGet(label, out var pkcs8, out var purpose) ? ImportPkcs8(label, purpose, pkcs8) : null);

    /// <summary>Opens an EC or RSA private key from a DER PrivateKeyInfo (RFC 5958).</summary>
    /// <exception cref="CryptographicException">Not such a key, or of a size this build does not know.</exception>
    public static SoftwareSigningKey ImportPkcs8(string label, KeyPurpose purpose, ReadOnlySpan<byte> pkcs8)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportPkcs8PrivateKey(pkcs8, out _);
            var spki = PublicKey.Parse(rsa.ExportSubjectPublicKeyInfo());
            return new PlatformRsaKey(Reference(label), spki.Algorithm, purpose, rsa);
        }
        catch (CryptographicException)
        {
            rsa.Dispose();
        }

        var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(pkcs8, out _);
        return new PlatformEcdsaKey(Reference(label), PublicKey.Parse(ecdsa.ExportSubjectPublicKeyInfo()).Algorithm, purpose, ecdsa);
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

    private static KeyReference Reference(string label) => new(ProviderName, label);
}
