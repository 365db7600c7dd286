using System.Security.Cryptography;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Errors;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>Unwraps what <see cref="ExportKeyOperation"/> wrapped in another token, and makes the public key object beside it. Nothing is left of what fails.</summary>
internal sealed class ImportKeyOperation(TransportedKey key, TokenObject transportKey, KeyUse use, TokenBackupWrapping how, TimeSpan deadline)
    : TokenOperation<bool>("import key", deadline)
{
    private readonly byte[] _id = KeyNaming.Id(key.Label);
    private readonly List<ulong> _made = [];
    private bool _unwrapping;

    public override bool MayTryAgain => !_unwrapping;

    public override void ForgetHandles() => transportKey.Forget();

    public override void Undo(TokenSession session)
    {
        foreach (var made in _made)
        {
            session.Destroy(made);
        }

        _made.Clear();
    }

    protected override bool Execute(TokenSession session)
    {
        var privateKey = new TokenObject(CKO.CKO_PRIVATE_KEY, _id, $"private key '{key.Label}'");
        if (privateKey.IsThere(session))
        {
            throw new InvalidOperationException($"A key labelled '{key.Label}' exists already in the token; nothing was changed.");
        }

        var opener = transportKey.Resolve(session);
        _unwrapping = true;
        using var oaep = new NativeOaep(how);
        var passing = Unwrap(session, oaep.Mechanism, opener, key.WrappedPassingKey, KeyPolicy.PassingKey.With(CKA.CKA_EXTRACTABLE, false).With(CKA.CKA_UNWRAP, true), transportKey.Name);
        try
        {
            _made.Add(Unwrap(session, new() { Mechanism = how.Mechanism }, passing, key.WrappedKey, PrivateTemplate(), "the key of this backup"));
            _made.Add(session.Create(PublicTemplate()));
            KeyPolicy.Check(session, _made[0], privateKey.Name, KeyBackup.Wrapped);
            return privateKey.TryFind(session) is not null ? true : throw new InvalidOperationException($"The token unwrapped {privateKey.Name} but does not find it by CKA_ID.");
        }
        catch
        {
            Undo(session);
            throw;
        }
        finally
        {
            session.Destroy(passing);
        }
    }

    /// <summary>Tokens answer octets that were changed with anything from CKR_WRAPPED_KEY_INVALID to CKR_GENERAL_ERROR.</summary>
    private static ulong Unwrap(TokenSession session, CK_MECHANISM mechanism, ulong opener, ReadOnlyMemory<byte> wrapped, AttributeTemplate template, string name)
    {
        try
        {
            return session.UnwrapKey(mechanism, opener, wrapped.ToArray(), template, name);
        }
        catch (TokenCallException e) when (e.Explanation.Code is 0x005 or 0x006 or 0x020 or 0x021 or 0x040 or 0x041 or 0x042 or 0x110 or 0x112)
        {
            throw new CryptographicException($"What is wrapped does not open in this token ({e.Explanation.Name}): it was changed, or wrapped in another way than token.yaml says. {e.Message}", e);
        }
    }

    private AttributeTemplate PrivateTemplate() => AttributeTemplate.Empty
        .With(CKA.CKA_CLASS, (ulong)CKO.CKO_PRIVATE_KEY)
        .With(CKA.CKA_KEY_TYPE, PublicKeyTemplate.KeyType(key.PublicKey.Algorithm))
        .With(CKA.CKA_LABEL, KeyNaming.TokenLabel(key.Label, key.Purpose, KeyBackup.Wrapped))
        .With(CKA.CKA_ID, _id)
        .With(CKA.CKA_DECRYPT, false)
        .With(CKA.CKA_UNWRAP, false)
        .With(CKA.CKA_DERIVE, false)
        .Without(use.Omit)
        .With(use.Private)
        .With(how.PublicValue is { } attribute && use.PublicKey == PublicKeySource.EcPoint ? AttributeTemplate.Empty.With(attribute, key.PublicKey.KeyBits.ToArray()) : AttributeTemplate.Empty)
        .With(KeyPolicy.SigningKey)
        .With(CKA.CKA_EXTRACTABLE, true);

    private AttributeTemplate PublicTemplate() => PublicKeyTemplate.Of(key.PublicKey, use)
        .With(CKA.CKA_TOKEN, true)
        .With(CKA.CKA_PRIVATE, false)
        .With(CKA.CKA_LABEL, KeyNaming.TokenLabel(key.Label, key.Purpose, KeyBackup.Wrapped))
        .With(CKA.CKA_ID, _id)
        .With(CKA.CKA_VERIFY, true)
        .Without(use.Omit);
}
