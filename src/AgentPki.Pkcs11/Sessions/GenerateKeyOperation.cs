using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>Generates a key pair, then reads back what the token made of the template: a key that could leave it is destroyed and refused.</summary>
internal sealed class GenerateKeyOperation(KeySpec spec, KeyUse use, IEnumerable<KeyUse> known, TimeSpan deadline)
    : TokenOperation<PublicKey>("generate", deadline)
{
    private readonly byte[] _id = KeyNaming.Id(spec.Label);
    private readonly KeyRole _role = KeyRoles.RoleOf(spec.Algorithm, spec.Purpose);
    private bool _generating;
    private (ulong Public, ulong Private)? _made;

    public override bool MayTryAgain => !_generating;

    public override void Undo(TokenSession session)
    {
        if (_made is { } made)
        {
            session.Destroy(made.Private);
            session.Destroy(made.Public);
        }
    }

    protected override PublicKey Execute(TokenSession session)
    {
        var privateKey = new TokenObject(CKO.CKO_PRIVATE_KEY, _id, $"private key '{spec.Label}'");
        if (privateKey.IsThere(session))
        {
            throw new InvalidOperationException($"A key labelled '{spec.Label}' exists already in the token; nothing was changed.");
        }

        // A process or a machine that ended while the token made this key may have left its public half (SoftHSM stores that first). Whoever opened the new
        // key by its CKA_ID would then find two.
        foreach (var leftover in session.Find(AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)CKO.CKO_PUBLIC_KEY).With(CKA.CKA_TOKEN, true).With(CKA.CKA_ID, _id)))
        {
            session.Destroy(leftover);
        }

        _generating = true;
        _made = session.GenerateKeyPair(use.Generate, PublicTemplate(), PrivateTemplate());
        var made = _made.Value;
        try
        {
            KeyPolicy.Check(session, made.Private, privateKey.Name, spec.Backup);
            if (privateKey.TryFind(session) is null)
            {
                throw new InvalidOperationException($"The token generated {privateKey.Name} but does not find it by CKA_ID.");
            }

            return PublicKeyReader.Read(session, made.Public, known.Where(k => k.Algorithm == spec.Algorithm), $"'{spec.Label}'");
        }
        catch
        {
            Undo(session);
            throw;
        }
    }

    private AttributeTemplate PublicTemplate() => AttributeTemplate.Empty
        .With(CKA.CKA_TOKEN, true)
        .With(CKA.CKA_PRIVATE, false)
        .With(CKA.CKA_LABEL, KeyNaming.TokenLabel(spec.Label, spec.Purpose, spec.Backup))
        .With(CKA.CKA_ID, _id)
        .With(_role switch { KeyRole.Sign or KeyRole.Transport => CKA.CKA_VERIFY, KeyRole.Agree => CKA.CKA_DERIVE, KeyRole.Decapsulate => NewerConstants.Encapsulate }, _role != KeyRole.Transport)
        .With(CKA.CKA_ENCRYPT, false)
        .With(CKA.CKA_WRAP, _role == KeyRole.Transport)
        .Without(use.Omit)
        .With(use.Public);

    private AttributeTemplate PrivateTemplate() => AttributeTemplate.Empty
        .With(CKA.CKA_LABEL, KeyNaming.TokenLabel(spec.Label, spec.Purpose, spec.Backup))
        .With(CKA.CKA_ID, _id)
        .With(CKA.CKA_DECRYPT, false)
        .With(CKA.CKA_UNWRAP, false)
        .With(CKA.CKA_DERIVE, false)
        .With(CKA.CKA_SIGN_RECOVER, false)
        .Without(use.Omit)
        .With(use.Private)
        .With(_role switch { KeyRole.Sign => KeyPolicy.SigningKey, KeyRole.Agree => KeyPolicy.AgreementKey, KeyRole.Decapsulate => KeyPolicy.DecapsulationKey, KeyRole.Transport => KeyPolicy.TransportKey })
        .With(CKA.CKA_EXTRACTABLE, spec.Backup == KeyBackup.Wrapped);
}
