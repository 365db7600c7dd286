using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>What makes a key one "that never leaves its token"; no token.yaml can soften it.</summary>
internal static class KeyPolicy
{
    private static readonly AttributeTemplate Kept = AttributeTemplate.Empty
        .With(CKA.CKA_TOKEN, true)
        .With(CKA.CKA_PRIVATE, true)
        .With(CKA.CKA_SENSITIVE, true)
        .With(CKA.CKA_EXTRACTABLE, false);

    /// <summary>Every signing key's own attributes, applied last.</summary>
    public static AttributeTemplate SigningKey { get; } = Kept.With(CKA.CKA_SIGN, true);

    /// <summary>The same for a key that decapsulates and does nothing else (PKCS#11 v3.2 §6.68.3).</summary>
    public static AttributeTemplate DecapsulationKey { get; } = Kept.With(NewerConstants.Decapsulate, true);

    /// <summary>The same for a key that unwraps what another token wrapped, and does nothing else.</summary>
    public static AttributeTemplate TransportKey { get; } = Kept.With(CKA.CKA_SIGN, false).With(CKA.CKA_UNWRAP, true);

    /// <summary>A key of one backup: it wraps a key that leaves, is itself wrapped for the other token, and ends with the session.</summary>
    public static AttributeTemplate PassingKey { get; } = AttributeTemplate.Empty
        .With(CKA.CKA_CLASS, (ulong)CKO.CKO_SECRET_KEY)
        .With(CKA.CKA_KEY_TYPE, (ulong)CKK.CKK_AES)
        .With(CKA.CKA_TOKEN, false)
        .With(CKA.CKA_PRIVATE, true)
        .With(CKA.CKA_SENSITIVE, true);

    /// <summary>The same for a key that agrees on secrets and does nothing else.</summary>
    public static AttributeTemplate AgreementKey { get; } = Kept.With(CKA.CKA_SIGN, false).With(CKA.CKA_DERIVE, true);

    /// <summary>A shared secret on its way out: an object of the session, that its caller is about to have.</summary>
    public static AttributeTemplate SharedSecret { get; } = AttributeTemplate.Empty
        .With(CKA.CKA_CLASS, (ulong)CKO.CKO_SECRET_KEY)
        .With(CKA.CKA_KEY_TYPE, (ulong)CKK.CKK_GENERIC_SECRET)
        .With(CKA.CKA_TOKEN, false)
        .With(CKA.CKA_SENSITIVE, false)
        .With(CKA.CKA_EXTRACTABLE, true);

    /// <summary>A secret key that encrypts small secrets and does nothing else.</summary>
    public static AttributeTemplate WrappingKey { get; } = Kept
        .With(CKA.CKA_ENCRYPT, true)
        .With(CKA.CKA_DECRYPT, true)
        .With(CKA.CKA_SIGN, false)
        .With(CKA.CKA_VERIFY, false)
        .With(CKA.CKA_WRAP, false)
        .With(CKA.CKA_UNWRAP, false);

    /// <summary>Reads back what the token made of it: tokens have been seen to ignore what they were told.</summary>
    /// <exception cref="InvalidOperationException">The key could leave the token; the message names the attribute.</exception>
    public static void Check(TokenSession session, ulong key, string name, KeyBackup backup = KeyBackup.None)
    {
        Require(session, key, name, CKA.CKA_TOKEN, true, mustShow: true);
        Require(session, key, name, CKA.CKA_PRIVATE, true, mustShow: true);
        Require(session, key, name, CKA.CKA_SENSITIVE, true, mustShow: true);
        if (backup == KeyBackup.Wrapped)
        {
            // It may leave wrapped, as its ceremony chose and its label says; a copy came in wrapped, and was not always here.
            return;
        }

        Require(session, key, name, CKA.CKA_EXTRACTABLE, false, mustShow: true);
        Require(session, key, name, CKA.CKA_ALWAYS_SENSITIVE, true, mustShow: false);
        Require(session, key, name, CKA.CKA_NEVER_EXTRACTABLE, true, mustShow: false);
    }

    private static void Require(TokenSession session, ulong key, string name, CKA attribute, bool wanted, bool mustShow)
    {
        var actual = session.ReadBool(key, attribute);
        if (actual is null ? mustShow : actual != wanted)
        {
            throw new InvalidOperationException(
                $"{name}: {attribute} is {(actual is null ? "not shown" : actual.Value ? "true" : "false")} where it must be {(wanted ? "true" : "false")}; such a key is not used. Generate one in the token with this appliance.");
        }
    }
}
