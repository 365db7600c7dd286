using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

/// <summary>An ML-KEM private key that was generated in a token and never leaves it; the secrets it opens do, since they are what it is for.</summary>
internal sealed class Pkcs11DecapsulationKey : IDecapsulationKey
{
    private readonly TokenPool _pool;
    private readonly TokenObject _object;
    private readonly ulong _mechanism;
    private readonly TokenKey _watched;

    public Pkcs11DecapsulationKey(TokenPool pool, KeyReference reference, TokenObject tokenObject, ulong mechanism, KeyPurpose purpose, PublicKey publicKey)
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

    public ValueTask<byte[]> DecapsulateAsync(ReadOnlyMemory<byte> ciphertext, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (ciphertext.Length != Algorithm.CiphertextSize)
        {
            throw new CryptographicException($"A ciphertext of {Algorithm} has {Algorithm.CiphertextSize} octets, not {ciphertext.Length} (FIPS 203 §7.3).");
        }

        return new(_pool.RunAsync(new DecapsulateOperation(_object, _mechanism, ciphertext.ToArray(), _pool.Options.CallDeadline), cancellationToken));
    }

    public ValueTask DisposeAsync()
    {
        _pool.ForgetKey(_watched);
        return ValueTask.CompletedTask;
    }
}
