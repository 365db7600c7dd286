namespace AgentPki.Cryptography;

/// <summary>A private key in process memory: subject keys of serverkeygen, the TLS key, development and tests.</summary>
public abstract class SoftwareSigningKey : ISigningKey
{
    private protected SoftwareSigningKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, PublicKey publicKey) =>
        (Reference, Algorithm, Purpose, PublicKey) = (reference, algorithm, purpose, publicKey);

    public KeyReference Reference { get; }

    public KeyAlgorithm Algorithm { get; }

    public KeyPurpose Purpose { get; }

    public KeyProtection Protection => KeyProtection.Software;

    public PublicKey PublicKey { get; }

    /// <summary>The key as an unencrypted DER PrivateKeyInfo (RFC 5958); the caller zeroizes it.</summary>
    public abstract byte[] ExportPkcs8();

    public ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Sign(algorithm, message.Span));
    }

    /// <summary>As <see cref="SignAsync"/>, at once.</summary>
    internal byte[] Sign(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message)
    {
        SigningRules.Check(this, algorithm);
        return SignCore(algorithm, message);
    }

    internal void Dispose() => DisposeCore();

    public ValueTask DisposeAsync()
    {
        DisposeCore();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private protected abstract byte[] SignCore(SignatureAlgorithm algorithm, ReadOnlySpan<byte> message);

    private protected abstract void DisposeCore();
}
