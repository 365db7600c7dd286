using System.Security.Cryptography;
using AgentPki.Pkcs11.Mechanisms;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>One ECDH agreement: C_DeriveKey without a derivation function, the secret read out of its session object, and that destroyed.</summary>
/// <param name="point">The peer's, uncompressed.</param>
/// <param name="size">Octets of the curve's field.</param>
internal sealed class AgreeOperation(TokenObject key, ulong mechanism, byte[] point, int size, TimeSpan deadline) : TokenOperation<byte[]>("agree", deadline)
{
    public override void ForgetHandles() => key.Forget();

    public override void Undo(TokenSession session) => CryptographicOperations.ZeroMemory(Result);

    protected override byte[] Execute(TokenSession session)
    {
        using var ecdh = new NativeEcdh(mechanism, point);
        return session.Agree(ecdh, key.Resolve(session), size, key.Name);
    }
}
