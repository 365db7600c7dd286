using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

/// <summary>A private key that was generated in a token and never leaves it.</summary>
internal sealed class Pkcs11SigningKey : ISigningKey
{
    private readonly TokenPool _pool;
    private readonly TokenObject _object;
    private readonly TokenKey? _watched;

    public Pkcs11SigningKey(TokenPool pool, KeyReference reference, TokenObject tokenObject, KeyPurpose purpose, PublicKey publicKey)
    {
        (_pool, _object, Reference, Purpose, PublicKey) = (pool, tokenObject, reference, purpose, publicKey);
        if (pool.Options.Token.Signatures.Values.FirstOrDefault(s => s.Algorithm.Fits(Algorithm)) is { } use)
        {
            _watched = new TokenKey(tokenObject, use);
            pool.WatchKey(_watched);
        }
    }

    public KeyReference Reference { get; }

    public KeyAlgorithm Algorithm => PublicKey.Algorithm;

    public KeyPurpose Purpose { get; }

    public KeyProtection Protection => KeyProtection.Token;

    public PublicKey PublicKey { get; }

    public ValueTask<byte[]> SignAsync(SignatureAlgorithm algorithm, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        SigningRules.Check(this, algorithm);
        var use = UseFor(algorithm) ?? throw new ArgumentException($"The token '{_pool.Options.TokenLabel}' makes no {algorithm} signatures (signatures: in token.yaml).", nameof(algorithm));
        var operation = new SignOperation(_object, use, use.Prepare(message.Span), MechanismUse.RawSignatureSize(Algorithm), _pool.Options.CallDeadline);
        return new(_pool.RunAsync(operation, cancellationToken));
    }

    public ValueTask DisposeAsync()
    {
        if (_watched is not null)
        {
            _pool.ForgetKey(_watched);
        }

        return ValueTask.CompletedTask;
    }

    private MechanismUse? UseFor(SignatureAlgorithm algorithm) => _pool.Options.Token.Signatures.GetValueOrDefault(algorithm.Base)?.For(algorithm);
}
