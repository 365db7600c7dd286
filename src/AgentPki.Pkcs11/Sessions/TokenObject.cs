using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// An object of the token by class and CKA_ID, with its handle remembered: finding costs several times a signature and grows with the number of objects.
/// </summary>
internal sealed class TokenObject(CKO objectClass, byte[] id, string name)
{
    private volatile Found? _found;

    public string Name => name;

    /// <summary>The handle; found again when the login or the module is another one.</summary>
    /// <exception cref="TokenObjectMissingException">The token does not hold it.</exception>
    public ulong Resolve(TokenSession session)
    {
        var found = _found;
        if (found is null || found.Epoch != session.Epoch)
        {
            var handle = TryFind(session) ?? throw new TokenObjectMissingException(name);
            _found = found = new(session.Epoch, handle);
        }

        return found.Handle;
    }

    /// <summary>The handle, looked for now; null when there is none.</summary>
    /// <exception cref="InvalidOperationException">There are several: which is meant cannot be known.</exception>
    public ulong? TryFind(TokenSession session)
    {
        var found = session.Find(Template);
        return found.Count <= 1
            ? found.Count == 1 ? found[0] : null
            : throw new InvalidOperationException($"The token holds {found.Count} objects for {name}; remove the wrong ones with the token's tool.");
    }

    public bool IsThere(TokenSession session) => session.Find(Template).Count > 0;

    public void Forget() => _found = null;

    private AttributeTemplate Template => AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)objectClass).With(CKA.CKA_TOKEN, true).With(CKA.CKA_ID, id);

    private sealed record Found(long Epoch, ulong Handle);
}

/// <summary>A private key as the pool watches it.</summary>
/// <param name="Use">How it signs; null for a key that signs nothing, which is only looked for.</param>
internal sealed record TokenKey(TokenObject Handle, MechanismUse? Use)
{
    public void CheckUsable(TokenSession session)
    {
        var handle = Handle.Resolve(session);
        if (Use is not null)
        {
            session.CheckUsable(Use, handle, Handle.Name);
        }
    }
}
