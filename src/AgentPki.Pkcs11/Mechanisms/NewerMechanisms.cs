using System.Collections.Frozen;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>Mechanisms of PKCS#11 v3.0 and later that Pkcs11Interop 5.3 has no names for (v3.0 §2.3, header pkcs11t.h).</summary>
internal static class NewerMechanisms
{
    public const CKM EcEdwardsKeyPairGen = (CKM)0x1055;
    public const CKM EdDsa = (CKM)0x1057;

    private static readonly FrozenDictionary<string, CKM> ByName = new Dictionary<string, CKM>
    {
        ["CKM_EC_EDWARDS_KEY_PAIR_GEN"] = EcEdwardsKeyPairGen,
        ["CKM_EDDSA"] = EdDsa,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool TryParse(string name, out CKM mechanism) => ByName.TryGetValue(name, out mechanism) || (Enum.TryParse(name, out mechanism) && Enum.IsDefined(mechanism));

    public static string NameOf(CKM mechanism) => ByName.FirstOrDefault(p => p.Value == mechanism).Key ?? mechanism.ToString();
}
