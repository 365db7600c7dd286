using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// A session as an operation sees it. It belongs to one <see cref="SessionThread"/> and never leaves it: two threads in one session kill the process on
/// some tokens, without an exception.
/// </summary>
internal sealed class TokenSession(ISession session, TokenConnection connection)
{
    public ISession Raw => session;

    public TokenConnection Connection => connection;

    /// <summary>The handle of the object of that class and label, remembered; null when there is none.</summary>
    public IObjectHandle? Find(CKO objectClass, string label)
    {
        var key = $"{(ulong)objectClass}/{label}";
        if (connection.Handles.TryGetValue(key, out var handle))
        {
            return handle;
        }

        var attributes = TokenModule.Factories.ObjectAttributeFactory;
        var found = session.FindAllObjects(
        [
            attributes.Create(CKA.CKA_CLASS, objectClass),
            attributes.Create(CKA.CKA_TOKEN, true),
            attributes.Create(CKA.CKA_LABEL, label),
        ]);
        if (found.Count > 1)
        {
            throw new InvalidOperationException($"The token holds {found.Count} objects labelled '{label}': which of them is meant cannot be known. Remove the wrong ones.");
        }

        return found.Count == 0 ? null : connection.Handles.GetOrAdd(key, found[0]);
    }
}
