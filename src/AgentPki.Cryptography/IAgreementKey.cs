namespace AgentPki.Cryptography;

/// <summary>A private key that agrees on secrets with another's public key: ECDH (NIST SP 800-56A r3 §5.7.1.2) on P-256 or P-384.</summary>
public interface IAgreementKey : IPrivateKey
{
    /// <summary>The shared secret Z as it comes of the agreement, as long as the curve's field: to be put through a key derivation. The caller zeroizes it.</summary>
    /// <exception cref="ArgumentException">The peer's key is of another kind than this one.</exception>
    /// <exception cref="KeyUnavailableException">The provider cannot work now; the caller may try again later.</exception>
    ValueTask<byte[]> AgreeAsync(PublicKey peer, CancellationToken cancellationToken);
}
