using System.Collections.Frozen;
using System.Text;
using AgentPki.Pkcs11.Errors;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Native;

/// <summary>What a slot and its token say of themselves (CK_TOKEN_INFO, PKCS#11 v2.40 §3.2).</summary>
internal sealed record TokenInformation(ulong Slot, string Label, string Serial, string Manufacturer, string Model, string Hardware, string Firmware, ulong Flags)
{
    private static readonly FrozenDictionary<int, string> NamesOfFlags = new Dictionary<int, string>
    {
        [0] = "CKF_RNG",
        [1] = "CKF_WRITE_PROTECTED",
        [2] = "CKF_LOGIN_REQUIRED",
        [3] = "CKF_USER_PIN_INITIALIZED",
        [5] = "CKF_RESTORE_KEY_NOT_NEEDED",
        [6] = "CKF_CLOCK_ON_TOKEN",
        [8] = "CKF_PROTECTED_AUTHENTICATION_PATH",
        [9] = "CKF_DUAL_CRYPTO_OPERATIONS",
        [10] = "CKF_TOKEN_INITIALIZED",
        [11] = "CKF_SECONDARY_AUTHENTICATION",
        [16] = "CKF_USER_PIN_COUNT_LOW",
        [17] = "CKF_USER_PIN_FINAL_TRY",
        [18] = "CKF_USER_PIN_LOCKED",
        [19] = "CKF_USER_PIN_TO_BE_CHANGED",
        [20] = "CKF_SO_PIN_COUNT_LOW",
        [21] = "CKF_SO_PIN_FINAL_TRY",
        [22] = "CKF_SO_PIN_LOCKED",
        [23] = "CKF_SO_PIN_TO_BE_CHANGED",
        [24] = "CKF_ERROR_STATE",
    }.ToFrozenDictionary();

    public bool IsInitialized => (Flags & CKF.CKF_TOKEN_INITIALIZED) != 0;

    public bool HasUserPin => (Flags & CKF.CKF_USER_PIN_INITIALIZED) != 0;

    /// <summary>All slots with a token in them. The caller holds the module's gate.</summary>
    public static IReadOnlyList<TokenInformation> All(Pkcs11Library library)
    {
        var found = new List<TokenInformation>();
        foreach (var slot in Slots(library, withToken: true))
        {
            var info = default(CK_TOKEN_INFO);
            // A slot may empty itself between the two calls: it is not there, then.
            if (library.C_GetTokenInfo(slot, ref info) == CKR.CKR_OK)
            {
                found.Add(new(slot, Text(info.Label), Text(info.SerialNumber), Text(info.ManufacturerId), Text(info.Model), $"{info.HardwareVersion}", $"{info.FirmwareVersion}", info.Flags));
            }
        }

        return found;
    }

    /// <summary>A slot where C_InitToken may make a token: one whose token is not initialised, else one that some modules show as empty until then.</summary>
    public static ulong? FindFreeSlot(Pkcs11Library library)
    {
        var all = All(library);
        return all.FirstOrDefault(t => !t.IsInitialized)?.Slot
            ?? Slots(library, withToken: false).Where(s => all.All(t => t.Slot != s)).Select(s => (ulong?)s).FirstOrDefault();
    }

    /// <summary>The one initialised token of that label (and serial, where given).</summary>
    /// <exception cref="TokenNotFoundException">None, or several.</exception>
    public static TokenInformation Find(Pkcs11Library library, string label, string? serial)
    {
        var all = All(library);
        var found = all.Where(t => t.IsInitialized && t.Label == label && (serial is null || t.Serial == serial)).ToList();
        return found.Count switch
        {
            1 => found[0],
            0 => throw new TokenNotFoundException(
                $"No slot holds a token labelled '{label}'{(serial is null ? "" : $" with serial {serial}")}; there {(all.Any(t => t.IsInitialized) ? "are: " + string.Join(", ", all.Where(t => t.IsInitialized).Select(t => $"'{t.Label}'")) : "are none")}. Check that the token's store or device is there and readable."),
            _ => throw new TokenNotFoundException($"{found.Count} tokens are labelled '{label}' (serials {string.Join(", ", found.Select(t => t.Serial))}): name the serial of the right one."),
        };
    }

    /// <summary>The token's mechanisms by number.</summary>
    public static IReadOnlyList<ulong> Mechanisms(Pkcs11Library library, ulong slot)
    {
        ulong count = 0;
        Check(library.C_GetMechanismList(slot, null, ref count), "C_GetMechanismList");
        var list = new CKM[count];
        Check(library.C_GetMechanismList(slot, list, ref count), "C_GetMechanismList");
        return [.. list.Take((int)count).Select(m => (ulong)m)];
    }

    private static ulong[] Slots(Pkcs11Library library, bool withToken)
    {
        ulong count = 0;
        // Asking for the number first makes modules look again at what is there (PKCS#11 v2.40 §5.5 C_GetSlotList).
        Check(library.C_GetSlotList(withToken, null, ref count), "C_GetSlotList");
        var slots = new ulong[count];
        Check(library.C_GetSlotList(withToken, slots, ref count), "C_GetSlotList");
        return slots[..(int)count];
    }

    /// <summary>The flags of CK_TOKEN_INFO (PKCS#11 v2.40 §3.2 table 5) by name, in the order of their bits; what the standard does not name by number.</summary>
    public static IReadOnlyList<string> FlagNames(ulong flags)
    {
        var names = new List<string>();
        for (var bit = 0; bit < 64; bit++)
        {
            if ((flags & (1UL << bit)) != 0)
            {
                names.Add(NamesOfFlags.GetValueOrDefault(bit) ?? $"0x{1UL << bit:x}");
            }
        }

        return names;
    }

    public static string Text(byte[] padded) => Encoding.UTF8.GetString(padded).TrimEnd(' ', '\0');

    private static void Check(CKR code, string call)
    {
        if (code != CKR.CKR_OK)
        {
            throw new TokenCallException(call, (ulong)code);
        }
    }
}
