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
    private static readonly FrozenDictionary<ulong, string> NewerMechanisms =
        NewerConstants.ByName.Where(n => n.Key.StartsWith("CKM_", StringComparison.Ordinal)).ToFrozenDictionary(n => n.Value, n => n.Key);

    private static readonly FrozenDictionary<ulong, string> NewerAttributes =
        NewerConstants.ByName.Where(n => n.Key.StartsWith("CKA_", StringComparison.Ordinal)).ToFrozenDictionary(n => n.Value, n => n.Key);

    private static readonly FrozenDictionary<ulong, string> NewerKeyTypes =
        NewerConstants.ByName.Where(n => n.Key.StartsWith("CKK_", StringComparison.Ordinal)).ToFrozenDictionary(n => n.Value, n => n.Key);

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

        if (NewerConstants.ByName.TryGetValue(text, out number) && text.StartsWith(typeof(T).Name, StringComparison.Ordinal))
        {
            return number;
        }

        return Enum.TryParse<T>(text, out var value) && !char.IsAsciiDigit(text[0])
            ? Convert.ToUInt64(value, CultureInfo.InvariantCulture)
            : throw new FormatException($"{where}: '{text}' is neither a PKCS#11 name of {typeof(T).Name} nor a number like 0x1d.");
    }

    /// <summary>The value of a parameter set (<c>CKP_ML_DSA_65</c>) or key type (<c>CKK_ML_DSA</c>).</summary>
    /// <exception cref="FormatException">No such name.</exception>
    public static ulong Constant(string name) =>
        NewerConstants.ByName.TryGetValue(name, out var number) ? number
        : Enum.TryParse<CKK>(name, out var keyType) ? (ulong)keyType
        : throw new FormatException($"'{name}' is no constant that this build knows; write its number.");

    public static string Mechanism(ulong mechanism) => NewerMechanisms.GetValueOrDefault(mechanism) ?? Name((CKM)mechanism, mechanism);

    public static string Attribute(ulong attribute) => NewerAttributes.GetValueOrDefault(attribute) ?? Name((CKA)attribute, attribute);

    public static string KeyType(ulong keyType) => NewerKeyTypes.GetValueOrDefault(keyType) ?? Name((CKK)keyType, keyType);

    private static string Name<T>(T value, ulong number)
        where T : struct, Enum => Enum.IsDefined(value) ? value.ToString() : $"0x{number:x}";
}
