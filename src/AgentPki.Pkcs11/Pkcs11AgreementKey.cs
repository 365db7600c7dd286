using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

/// <summary>An ECDH private key in a token.</summary>
internal sealed class Pkcs11AgreementKey(TokenPool pool, KeyReference reference, TokenObject tokenObject, ulong mechanism, KeyPurpose purpose, PublicKey publicKey)
    : Pkcs11ReceivingKey(pool, reference, tokenObject, mechanism, purpose, publicKey), IAgreementKey
{
    public ValueTask<byte[]> AgreeAsync(PublicKey peer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return peer.Algorithm == Algorithm
            ? RunAsync(new AgreeOperation(Object, Mechanism, peer.KeyBits.ToArray(), (Algorithm.SizeBits + 7) / 8, Deadline), cancellationToken)
            : throw new ArgumentException($"A key of {Algorithm} agrees on nothing with one of {peer.Algorithm}.", nameof(peer));
    }
}
