namespace AgentPki.Cryptography;

/// <summary>
/// Encrypts small secrets under a key that never leaves its token: AES-256-GCM (NIST SP 800-38D) with a fresh random 96-bit IV.
/// What it protects has the level <see cref="KeyProtection.TokenWrapped"/>.
/// </summary>
public interface IKeyWrapper
{
    /// <summary>The token and its key, for people: what was wrapped elsewhere is told from what was changed.</summary>
    string Name { get; }

    /// <summary>Returns IV ‖ ciphertext ‖ tag. <paramref name="associatedData"/> names what is wrapped, so that two blobs cannot be swapped.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    ValueTask<byte[]> WrapAsync(ReadOnlyMemory<byte> plaintext, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken);

    /// <summary>The plaintext, in an array that the collector never moves; the caller zeroizes it.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Changed, truncated, or wrapped for another purpose.</exception>
    /// <exception cref="KeyUnavailableException">The token cannot work now.</exception>
    ValueTask<byte[]> UnwrapAsync(ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> associatedData, CancellationToken cancellationToken);
}
