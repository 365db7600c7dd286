using System.Text;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Mechanisms;
using AgentPki.Pkcs11.Sessions;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Administration;

/// <summary>Reads the keys of a token for people; a key that this appliance did not make is shown as it is.</summary>
internal static class KeyListing
{
    public static IReadOnlyList<TokenKeyDetails> Read(TokenSession session, TokenDescription token)
    {
        var keys = new List<TokenKeyDetails>();
        foreach (var objectClass in (CKO[])[CKO.CKO_PRIVATE_KEY, CKO.CKO_SECRET_KEY])
        {
            foreach (var key in session.Find(AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)objectClass).With(CKA.CKA_TOKEN, true)))
            {
                keys.Add(Read(session, key, objectClass, token));
            }
        }

        return [.. keys.OrderBy(k => k.Label, StringComparer.Ordinal)];
    }

    private static TokenKeyDetails Read(TokenSession session, ulong key, CKO objectClass, TokenDescription token)
    {
        var tokenLabel = Encoding.UTF8.GetString(session.Read(key, CKA.CKA_LABEL) ?? []);
        var known = KeyNaming.TryParse(tokenLabel, out var label, out var purpose, out var backup);
        var wraps = !known && tokenLabel.StartsWith(KeyNaming.WrappingPurpose + "/", StringComparison.Ordinal);
        return new(
            known || wraps ? label : tokenLabel,
            known ? KeyNaming.PurposeName(purpose) : wraps ? KeyNaming.WrappingPurpose : null,
            objectClass == CKO.CKO_PRIVATE_KEY ? AlgorithmOf(session, key, token) : null,
            session.ReadBool(key, CKA.CKA_SENSITIVE),
            session.ReadBool(key, CKA.CKA_EXTRACTABLE),
            session.ReadBool(key, CKA.CKA_ALWAYS_SENSITIVE),
            session.ReadBool(key, CKA.CKA_NEVER_EXTRACTABLE),
            backup);
    }

    private static KeyAlgorithm? AlgorithmOf(TokenSession session, ulong key, TokenDescription token)
    {
        try
        {
            var template = AttributeTemplate.Empty.With(CKA.CKA_CLASS, (ulong)CKO.CKO_PUBLIC_KEY).With(CKA.CKA_ID, session.Read(key, CKA.CKA_ID) ?? []);
            var publicKeys = session.Find(template);
            return PublicKeyReader.Read(session, publicKeys.Count > 0 ? publicKeys[0] : key, token.Keys.Values, "key").Algorithm;
        }
        catch (InvalidOperationException)
        {
            // A kind this build does not know is listed without its algorithm.
            return null;
        }
    }
}
