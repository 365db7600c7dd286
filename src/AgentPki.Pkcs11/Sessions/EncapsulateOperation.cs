using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>One encapsulation inside the token: the public key as an object of the session, C_EncapsulateKey, the secret read out, both destroyed.</summary>
/// <param name="use">How the token makes such keys: its template names key type and parameter set.</param>
internal sealed class EncapsulateOperation(PublicKey key, KeyUse use, ulong mechanism, TimeSpan deadline) : TokenOperation<KeyEncapsulation>("encapsulate", deadline)
{
    public override void Undo(TokenSession session) => CryptographicOperations.ZeroMemory(Result?.SharedSecret);

    protected override KeyEncapsulation Execute(TokenSession session)
    {
        // PKCS#11 v3.2 §6.68.2.
        var handle = session.Create(AttributeTemplate.Empty
            .With(CKA.CKA_CLASS, (ulong)CKO.CKO_PUBLIC_KEY)
            .With(CKA.CKA_KEY_TYPE, NewerConstants.ByName["CKK_ML_KEM"])
            .With(CKA.CKA_TOKEN, false)
            .With(CKA.CKA_PRIVATE, false)
            .With(NewerConstants.Encapsulate, true)
            .With(use.Public)
            .With(CKA.CKA_VALUE, key.KeyBits.ToArray()));
        try
        {
            return session.Encapsulate(mechanism, handle, key.Algorithm.CiphertextSize, $"a public key of {key.Algorithm}");
        }
        finally
        {
            session.Destroy(handle);
        }
    }
}
