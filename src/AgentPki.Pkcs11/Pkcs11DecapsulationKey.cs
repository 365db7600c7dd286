using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Sessions;

namespace AgentPki.Pkcs11;

/// <summary>An ML-KEM private key in a token.</summary>
internal sealed class Pkcs11DecapsulationKey(TokenPool pool, KeyReference reference, TokenObject tokenObject, ulong mechanism, KeyPurpose purpose, PublicKey publicKey)
    : Pkcs11ReceivingKey(pool, reference, tokenObject, mechanism, purpose, publicKey), IDecapsulationKey
{
    public ValueTask<byte[]> DecapsulateAsync(ReadOnlyMemory<byte> ciphertext, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ciphertext.Length == Algorithm.CiphertextSize
            ? RunAsync(new DecapsulateOperation(Object, Mechanism, ciphertext.ToArray(), Deadline), cancellationToken)
            : throw new CryptographicException($"A ciphertext of {Algorithm} has {Algorithm.CiphertextSize} octets, not {ciphertext.Length} (FIPS 203 §7.3).");
    }
}
