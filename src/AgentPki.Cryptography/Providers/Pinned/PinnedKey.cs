using AgentPki.Cryptography.Providers.Pinned.MlDsa;
using AgentPki.Cryptography.Providers.Pinned.SlhDsa;

namespace AgentPki.Cryptography.Providers.Pinned;

/// <summary>
/// A private key for ML-DSA (FIPS 204) or SLH-DSA (FIPS 205) all of whose secrets, and all that is computed of them, lie in <see cref="PinnedMemory"/>.
/// </summary>
/// <remarks>
/// What the platform and BouncyCastle make of a private key lies in arrays that the collector moves and nobody zeroizes; for keys that are meant to exist
/// only while they sign, that is not good enough (ADR 0005).
/// </remarks>
public abstract class PinnedKey : IDisposable
{
    private protected PinnedKey(KeyAlgorithm algorithm) => Algorithm = algorithm;

    public KeyAlgorithm Algorithm { get; }

    /// <summary>The subjectPublicKey's octets.</summary>
    public abstract byte[] PublicKeyBits();

    public PublicKey PublicKey() => Cryptography.PublicKey.FromKeyBits(Algorithm, PublicKeyBits());

    /// <summary>Whether keys of this kind can be made and used here.</summary>
    public static bool Supports(KeyAlgorithm algorithm) => algorithm.Family is AlgorithmFamily.MlDsa or AlgorithmFamily.SlhDsa;

    /// <summary>The octets of the secret that a key of this kind is made of: ξ (FIPS 204 §3.6.1), or SK.seed ‖ SK.prf ‖ PK.seed (FIPS 205 §3.1).</summary>
    /// <exception cref="NotSupportedException">There are no such keys here.</exception>
    public static int SecretSize(KeyAlgorithm algorithm) => algorithm.Family switch
    {
        AlgorithmFamily.MlDsa => MlDsaParameters.SeedSize,
        AlgorithmFamily.SlhDsa => 3 * SlhDsaParameters.Of(algorithm).N,
        _ => throw new NotSupportedException($"There are no pinned keys of kind {algorithm}."),
    };

    /// <summary>The key that comes of a secret; the secret stays the caller's.</summary>
    /// <param name="publicKeyBits">The subjectPublicKey's octets where they are known: saves SLH-DSA a tree.</param>
    /// <exception cref="ArgumentException">The secret has not its size, or is not that public key's.</exception>
    /// <exception cref="NotSupportedException">There are no such keys here.</exception>
    public static PinnedKey Expand(KeyAlgorithm algorithm, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> publicKeyBits = default)
    {
        if (secret.Length != SecretSize(algorithm))
        {
            throw new ArgumentException($"The secret of a {algorithm} key is {SecretSize(algorithm)} octets, not {secret.Length}.", nameof(secret));
        }

        try
        {
            return algorithm.Family == AlgorithmFamily.MlDsa ? new MlDsaKey(algorithm, secret, publicKeyBits) : new SlhDsaKey(algorithm, secret, publicKeyBits);
        }
        finally
        {
            PinnedMemory.WipeStack();
        }
    }

    /// <summary>Signs a message with a context (FIPS 204 §5.2, FIPS 205 §10.2.1), hedged unless <paramref name="deterministic"/>. Any number of threads may.</summary>
    /// <exception cref="ArgumentException">The context is longer than 255 octets.</exception>
    public byte[] Sign(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, bool deterministic = false)
    {
        if (context.Length > 255)
        {
            throw new ArgumentException("A context is at most 255 octets.", nameof(context));
        }

        try
        {
            return SignCore(message, context, deterministic);
        }
        finally
        {
            PinnedMemory.WipeStack();
        }
    }

    /// <summary>Zeroizes the key.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    private protected abstract byte[] SignCore(ReadOnlySpan<byte> message, ReadOnlySpan<byte> context, bool deterministic);

    protected abstract void Dispose(bool disposing);
}
