namespace AgentPki.Cryptography;

/// <summary>A private key that can sign.</summary>
public interface ISigningKey : IPrivateKey
{
    /// <summary>The keys that it is made of, each with its own provider, none of which signs alone: two for a composite, itself for any other.</summary>
    IReadOnlyList<IPrivateKey> Parts => [this];

    /// <summary>
    /// Signs <paramref name="message"/> (the whole message; hashing happens where the provider does it best) and returns the
    /// signature as it stands in an X.509 signatureValue: ECDSA as DER Ecdsa-Sig-Value (RFC 3279 §2.2.3), RSA as an
    /// octet string of the modulus' length, Ed25519 as 64 octets, ML-DSA and SLH-DSA as FIPS 204 and 205 encode it, a composite as both
    /// halves' octets one after the other.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="algorithm"/> does not fit the key.</exception>
    /// <exception cref="KeyUnavailableException">The provider cannot sign now; the caller may try again later.</exception>
    /// <exception cref="OperationCanceledException">Cancelled before the signature began; once begun it is finished.</exception>
    ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken);
}
