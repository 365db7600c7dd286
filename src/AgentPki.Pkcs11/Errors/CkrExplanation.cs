using System.Collections.Frozen;

namespace AgentPki.Pkcs11.Errors;

/// <summary>
/// One return code of PKCS#11 (v2.40 §5.1, v3.0, v3.1 and v3.2), its likely cause, the remedy, and what the session pool does about it.
/// </summary>
/// <param name="Code">The CK_RV.</param>
/// <param name="Name">The standard's name, or the number of a vendor's own code.</param>
public sealed record CkrExplanation(ulong Code, string Name, string Cause, string Remedy, TokenReaction Reaction)
{
    /// <summary>CKR_VENDOR_DEFINED: codes from here on mean what the vendor says.</summary>
    public const ulong VendorDefined = 0x80000000;

    private static readonly FrozenDictionary<ulong, CkrExplanation> ByCode = CkrTable.Rows.ToFrozenDictionary(r => r.Code);

    /// <summary>Every code the standard defines, in numerical order.</summary>
    public static IReadOnlyList<CkrExplanation> All => CkrTable.Rows;

    /// <summary>The explanation of any code; one of a vendor's own or of a later standard is named by its number.</summary>
    public static CkrExplanation For(ulong code)
    {
        if (ByCode.TryGetValue(code, out var known))
        {
            return known;
        }

        return code >= VendorDefined
            ? new(code, $"vendor code 0x{code:X8}", "An error that only the token's maker defines", "Look the number up in the maker's manual and the token's own log", TokenReaction.TokenDown)
            : new(code, $"CKR 0x{code:X8}", "A code that no PKCS#11 version up to 3.2 defines", "Look the number up in the maker's manual; the module may be newer than this program", TokenReaction.TokenDown);
    }

    /// <summary>One sentence each: what was called, what came back and why, what to do.</summary>
    public string Describe(string call) => $"{call} answered {Name}. {Cause}. {Remedy}.";
}
