using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>Takes back a key pair that was just made and is not what it should be.</summary>
internal sealed class RemoveKeyOperation(string label, TimeSpan deadline) : TokenOperation<bool>("remove key", deadline)
{
    protected override bool Execute(TokenSession session)
    {
        foreach (var objectClass in (CKO[])[CKO.CKO_PRIVATE_KEY, CKO.CKO_PUBLIC_KEY])
        {
            if (new TokenObject(objectClass, KeyNaming.Id(label), $"key '{label}'").TryFind(session) is { } handle)
            {
                session.Destroy(handle);
            }
        }

        return true;
    }
}
