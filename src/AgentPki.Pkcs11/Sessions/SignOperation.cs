using AgentPki.Pkcs11.Mechanisms;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>One signature: C_SignInit and C_Sign with a remembered handle.</summary>
internal sealed class SignOperation(TokenObject key, MechanismUse use, byte[] input, int size, TimeSpan deadline) : TokenOperation<byte[]>(SignName, deadline)
{
    public const string SignName = "sign";

    public override void ForgetHandles() => key.Forget();

    protected override byte[] Execute(TokenSession session) => session.Sign(use, key.Resolve(session), input, size, key.Name);
}
