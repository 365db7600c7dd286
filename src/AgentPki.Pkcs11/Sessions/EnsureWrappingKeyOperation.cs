using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>Finds the wrapping key and checks that it cannot leave the token, or generates it. False when there is none and none is to be generated.</summary>
internal sealed class EnsureWrappingKeyOperation(TokenObject key, string label, bool generate, TimeSpan deadline) : TokenOperation<bool>("open wrapping key", deadline)
{
    private const ulong KeyOctets = 32;
    private bool _generating;

    public override bool MayTryAgain => !_generating;

    protected override bool Execute(TokenSession session)
    {
        if (key.TryFind(session) is not { } handle)
        {
            if (!generate)
            {
                return false;
            }

            _generating = true;
            handle = session.GenerateKey((ulong)CKM.CKM_AES_KEY_GEN, AttributeTemplate.Empty
                .With(CKA.CKA_LABEL, $"{KeyNaming.WrappingPurpose}/{label}")
                .With(CKA.CKA_ID, KeyNaming.Id(label))
                .With(CKA.CKA_VALUE_LEN, KeyOctets)
                .With(KeyPolicy.WrappingKey));
        }

        KeyPolicy.Check(session, handle, key.Name);
        return true;
    }
}
