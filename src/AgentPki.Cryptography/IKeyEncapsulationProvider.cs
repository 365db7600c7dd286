namespace AgentPki.Cryptography;

/// <summary>What an encapsulation gives: the ciphertext for the key's holder, and the secret both then share.</summary>
/// <param name="SharedSecret">32 octets; whoever takes it zeroizes it.</param>
public sealed record KeyEncapsulation(byte[] Ciphertext, byte[] SharedSecret);

/// <summary>A provider that has ML-KEM (FIPS 203); <see cref="ICryptoProvider.CapabilitiesFor"/> says which sets.</summary>
public interface IKeyEncapsulationProvider : ICryptoProvider
{
    /// <summary>Generates a key pair; in a token: non-extractable, sensitive, never copied.</summary>
    /// <exception cref="InvalidOperationException">A key of that label exists already; nothing was changed.</exception>
    /// <exception cref="NotSupportedException">The provider lacks the algorithm.</exception>
    /// <exception cref="KeyUnavailableException">The provider cannot work now.</exception>
    ValueTask<IDecapsulationKey> GenerateDecapsulationKeyAsync(KeySpec spec, CancellationToken cancellationToken);

    /// <summary>Opens the key of that label, or null when there is none.</summary>
    /// <exception cref="KeyUnavailableException">The provider cannot work now.</exception>
    ValueTask<IDecapsulationKey?> OpenDecapsulationKeyAsync(string label, CancellationToken cancellationToken);

    /// <summary>A fresh secret for the holder of <paramref name="key"/> (FIPS 203 §7.2).</summary>
    /// <exception cref="NotSupportedException">The provider lacks the key's algorithm.</exception>
    ValueTask<KeyEncapsulation> EncapsulateAsync(PublicKey key, CancellationToken cancellationToken);
}
