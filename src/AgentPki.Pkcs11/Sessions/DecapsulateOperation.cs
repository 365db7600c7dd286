using System.Security.Cryptography;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>One decapsulation: C_DecapsulateKey with a remembered handle, the shared secret read out of its session object, and that destroyed.</summary>
internal sealed class DecapsulateOperation(TokenObject key, ulong mechanism, byte[] ciphertext, TimeSpan deadline) : TokenOperation<byte[]>("decapsulate", deadline)
{
    public override void ForgetHandles() => key.Forget();

    public override void Undo(TokenSession session) => CryptographicOperations.ZeroMemory(Result);

    protected override byte[] Execute(TokenSession session) => session.Decapsulate(mechanism, key.Resolve(session), ciphertext, key.Name);
}
