using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

/// <summary>An ECDH private key that was generated in a token and never leaves it; the secrets it agrees on do, since they are what it is for.</summary>
internal sealed class Pkcs11AgreementKey : IAgreementKey
{
    private readonly TokenPool _pool;
    private readonly TokenObject _object;
    private readonly ulong _mechanism;
    private readonly TokenKey _watched;

    public Pkcs11AgreementKey(TokenPool pool, KeyReference reference, TokenObject tokenObject, ulong mechanism, KeyPurpose purpose, PublicKey publicKey)
    {
        (_pool, _object, _mechanism, Reference, Purpose, PublicKey) = (pool, tokenObject, mechanism, reference, purpose, publicKey);
        _watched = new TokenKey(tokenObject, Use: null);
        pool.WatchKey(_watched);
    }

    public KeyReference Reference { get; }

    public KeyAlgorithm Algorithm => PublicKey.Algorithm;

    public KeyPurpose Purpose { get; }

    public KeyProtection Protection => KeyProtection.Token;

    public PublicKey PublicKey { get; }

    public ValueTask<byte[]> AgreeAsync(PublicKey peer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return peer.Algorithm == Algorithm
            ? new(_pool.RunAsync(new AgreeOperation(_object, _mechanism, peer.KeyBits.ToArray(), (Algorithm.SizeBits + 7) / 8, _pool.Options.CallDeadline), cancellationToken))
            : throw new ArgumentException($"A key of {Algorithm} agrees on nothing with one of {peer.Algorithm}.", nameof(peer));
    }

    public ValueTask DisposeAsync()
    {
        _pool.ForgetKey(_watched);
        return ValueTask.CompletedTask;
    }
}
