namespace AgentPki.Cryptography;

/// <summary>A private key that opens encapsulations (ML-KEM, FIPS 203 §7.3).</summary>
public interface IDecapsulationKey : IPrivateKey
{
    /// <summary>The 32-octet shared secret; the caller zeroizes it.</summary>
    /// <remarks>A ciphertext of the right length that was made for another key gives a secret that nobody else has, not an error (implicit rejection, FIPS 203 §6.3).</remarks>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The ciphertext has not the algorithm's length (FIPS 203 §7.3).</exception>
    /// <exception cref="KeyUnavailableException">The provider cannot work now; the caller may try again later.</exception>
    ValueTask<byte[]> DecapsulateAsync(ReadOnlyMemory<byte> ciphertext, CancellationToken cancellationToken);
}
