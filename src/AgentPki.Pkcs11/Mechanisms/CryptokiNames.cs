using System.Collections.Frozen;
using System.Globalization;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>
/// Names of PKCS#11 constants to numbers and back. Beyond the names that are known any number is taken as <c>0x1d</c>, so that newer standards and
/// vendors' own need no new code.
/// </summary>
internal static class CryptokiNames
{
    /// <summary>Names of PKCS#11 v3.0 and v3.2 that the library, which follows v2.40, lacks.</summary>
    private static readonly FrozenDictionary<string, ulong> Newer = new Dictionary<string, ulong>
    {
        ["CKM_ML_KEM_KEY_PAIR_GEN"] = 0x0f,
        ["CKM_ML_KEM"] = 0x17,
        ["CKM_ML_DSA_KEY_PAIR_GEN"] = 0x1c,
        ["CKM_ML_DSA"] = 0x1d,
        ["CKM_SLH_DSA_KEY_PAIR_GEN"] = 0x2d,
        ["CKM_SLH_DSA"] = 0x2e,
        ["CKM_EC_EDWARDS_KEY_PAIR_GEN"] = 0x1055,
        ["CKM_EC_MONTGOMERY_KEY_PAIR_GEN"] = 0x1056,
        ["CKM_EDDSA"] = 0x1057,
        ["CKA_PARAMETER_SET"] = 0x61d,
        ["CKA_ENCAPSULATE"] = 0x633,
        ["CKA_DECAPSULATE"] = 0x634,
        ["CKA_SEED"] = 0x637,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<ulong, string> NewerMechanisms =
        Newer.Where(n => n.Key.StartsWith("CKM_", StringComparison.Ordinal)).ToFrozenDictionary(n => n.Value, n => n.Key);

    private static readonly FrozenDictionary<ulong, string> NewerAttributes =
        Newer.Where(n => n.Key.StartsWith("CKA_", StringComparison.Ordinal)).ToFrozenDictionary(n => n.Value, n => n.Key);

    /// <summary>From <c>CKM_ECDSA</c> or <c>0x1041</c>.</summary>
    /// <exception cref="FormatException">Neither a known name nor a number.</exception>
    public static ulong Parse<T>(string text, string where)
        where T : struct, Enum
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) &&
            ulong.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        if (Newer.TryGetValue(text, out number) && text.StartsWith(typeof(T).Name, StringComparison.Ordinal))
        {
            return number;
        }

        return Enum.TryParse<T>(text, out var value) && !char.IsAsciiDigit(text[0])
            ? Convert.ToUInt64(value, CultureInfo.InvariantCulture)
            : throw new FormatException($"{where}: '{text}' is neither a PKCS#11 name of {typeof(T).Name} nor a number like 0x1d.");
    }

    public static string Mechanism(ulong mechanism) => NewerMechanisms.GetValueOrDefault(mechanism) ?? Name((CKM)mechanism, mechanism);

    public static string Attribute(ulong attribute) => NewerAttributes.GetValueOrDefault(attribute) ?? Name((CKA)attribute, attribute);

    private static string Name<T>(T value, ulong number)
        where T : struct, Enum => Enum.IsDefined(value) ? value.ToString() : $"0x{number:x}";
}
