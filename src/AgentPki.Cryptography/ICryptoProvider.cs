namespace AgentPki.Cryptography;

/// <summary>What a provider can do with a key algorithm.</summary>
[Flags]
public enum KeyCapabilities
{
    None = 0,
    Generate = 1,
    Sign = 2,
    Verify = 4,

    /// <summary>Makes a fresh secret for a public key (<see cref="IKeyEncapsulationProvider"/>).</summary>
    Encapsulate = 8,

    /// <summary>Opens what was encapsulated to a key it keeps (<see cref="IKeyEncapsulationProvider"/>).</summary>
    Decapsulate = 16,
}

/// <summary>
/// A source of keys and verifications. Providers form one explicit, preference-ordered, frozen list (<see cref="CryptoProviders"/>);
/// there is no process-global default.
/// </summary>
public interface ICryptoProvider
{
    /// <summary>Stable name used in <see cref="KeyReference"/> and shown to people, for example <c>platform</c> or <c>pkcs11:softhsm</c>.</summary>
    string Name { get; }

    /// <summary>How the private keys of this provider are kept.</summary>
    KeyProtection Protection { get; }

    /// <summary>How it would keep a new key of that kind: less than <see cref="Protection"/> says only where a kind is made of keys that others keep (composites).</summary>
    KeyProtection ProtectionFor(KeyAlgorithm algorithm) => Protection;

    /// <summary>What this provider can do here and now with <paramref name="algorithm"/>.</summary>
    KeyCapabilities CapabilitiesFor(KeyAlgorithm algorithm);

    /// <summary>Generates a key pair; in a token: non-extractable, sensitive, never copied.</summary>
    /// <exception cref="InvalidOperationException">A key of that label exists already; nothing was changed.</exception>
    /// <exception cref="NotSupportedException">The provider lacks the algorithm.</exception>
    /// <exception cref="KeyUnavailableException">The provider cannot work now.</exception>
    ValueTask<ISigningKey> GenerateAsync(KeySpec spec, CancellationToken cancellationToken);

    /// <summary>Opens the key of that label, or null when there is none.</summary>
    /// <exception cref="KeyUnavailableException">The provider cannot work now.</exception>
    ValueTask<ISigningKey?> OpenAsync(string label, CancellationToken cancellationToken);

    /// <summary>
    /// Verifies a signature in the encodings of <see cref="ISigningKey.SignAsync"/>. False for any wrong, truncated or
    /// malformed signature; never throws for what came from outside.
    /// </summary>
    bool Verify(PublicKey key, SignatureAlgorithm algorithm, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);
}
