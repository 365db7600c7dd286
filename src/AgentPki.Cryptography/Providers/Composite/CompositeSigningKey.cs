namespace AgentPki.Cryptography.Providers.Composite;

/// <summary>Two keys, each with its own provider, in one token or in two, that sign as one.</summary>
internal sealed class CompositeSigningKey : ISigningKey
{
    private readonly ISigningKey _mlDsa;
    private readonly ISigningKey _traditional;

    public CompositeSigningKey(KeyReference reference, KeyAlgorithm algorithm, KeyPurpose purpose, ISigningKey mlDsa, ISigningKey traditional)
    {
        (Reference, Algorithm, Purpose, _mlDsa, _traditional) = (reference, algorithm, purpose, mlDsa, traditional);
        PublicKey = PublicKey.Combine(algorithm, mlDsa.PublicKey, traditional.PublicKey);
    }

    public KeyReference Reference { get; }

    public KeyAlgorithm Algorithm { get; }

    public KeyPurpose Purpose { get; }

    /// <summary>That of the half which is kept worse.</summary>
    public KeyProtection Protection => _mlDsa.Protection < _traditional.Protection ? _mlDsa.Protection : _traditional.Protection;

    public PublicKey PublicKey { get; }

    /// <summary>The ML-DSA half, then the other.</summary>
    public IReadOnlyList<IPrivateKey> Parts => [_mlDsa, _traditional];

    public ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SigningRules.Check(this, algorithm);
        return CompositeSignature.SignAsync(Algorithm, _mlDsa, _traditional, message, default, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _mlDsa.DisposeAsync();
        await _traditional.DisposeAsync();
    }
}
