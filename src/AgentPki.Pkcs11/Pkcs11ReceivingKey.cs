using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

/// <summary>A private key that receives secrets: generated in a token, which it never leaves; the secrets do, since they are what it is for.</summary>
internal abstract class Pkcs11ReceivingKey : IAsyncDisposable
{
    private readonly TokenPool _pool;
    private readonly TokenKey _watched;

    protected Pkcs11ReceivingKey(TokenPool pool, KeyReference reference, TokenObject tokenObject, ulong mechanism, KeyPurpose purpose, PublicKey publicKey)
    {
        (_pool, Object, Mechanism, Reference, Purpose, PublicKey) = (pool, tokenObject, mechanism, reference, purpose, publicKey);
        _watched = new TokenKey(tokenObject, Use: null);
        pool.WatchKey(_watched);
    }

    public KeyReference Reference { get; }

    public KeyAlgorithm Algorithm => PublicKey.Algorithm;

    public KeyPurpose Purpose { get; }

    public KeyProtection Protection => KeyProtection.Token;

    public PublicKey PublicKey { get; }

    protected TokenObject Object { get; }

    protected ulong Mechanism { get; }

    protected TimeSpan Deadline => _pool.Options.CallDeadline;

    public ValueTask DisposeAsync()
    {
        _pool.ForgetKey(_watched);
        return ValueTask.CompletedTask;
    }

    protected ValueTask<byte[]> RunAsync(TokenOperation<byte[]> operation, CancellationToken cancellationToken) => new(_pool.RunAsync(operation, cancellationToken));
}
