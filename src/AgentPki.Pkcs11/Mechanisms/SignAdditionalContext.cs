using System.Runtime.InteropServices;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>Whether a signature is hedged with fresh randomness (PKCS#11 v3.2 §6.67.1 CK_HEDGE_TYPE; FIPS 204 §3.4, FIPS 205 §9.2).</summary>
internal enum HedgeVariant : ulong
{
    /// <summary>CKH_HEDGE_PREFERRED: as the token likes; what it does without a parameter.</summary>
    Preferred = 0,

    /// <summary>CKH_HEDGE_REQUIRED: hedged, or no signature.</summary>
    Required = 1,

    /// <summary>CKH_DETERMINISTIC_REQUIRED: the same signature each time, or none.</summary>
    Deterministic = 2,
}

/// <summary>CK_SIGN_ADDITIONAL_CONTEXT, the optional parameter of CKM_ML_DSA (PKCS#11 v3.2 §6.67.5) and CKM_SLH_DSA (§6.69.5): 24 octets, and the context they point to.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct SignAdditionalContext
{
    private readonly ulong _hedgeVariant;
    private readonly IntPtr _context;
    private readonly ulong _contextLength;

    private SignAdditionalContext(HedgeVariant hedge, IntPtr context, int contextLength) =>
        (_hedgeVariant, _context, _contextLength) = ((ulong)hedge, context, (ulong)contextLength);

    /// <summary>The mechanism with this parameter, in native memory as long as the process lives.</summary>
    /// <param name="context">At most 255 octets (FIPS 204 §5.2).</param>
    public static CK_MECHANISM With(ulong mechanism, HedgeVariant hedge, ReadOnlySpan<byte> context)
    {
        var size = Marshal.SizeOf<SignAdditionalContext>();
        var memory = Marshal.AllocHGlobal(size + context.Length);
        Marshal.Copy(context.ToArray(), 0, memory + size, context.Length);
        // Some tokens free or refuse a pointer to nothing: no context is NULL.
        Marshal.StructureToPtr(new SignAdditionalContext(hedge, context.IsEmpty ? IntPtr.Zero : memory + size, context.Length), memory, fDeleteOld: false);
        return new CK_MECHANISM { Mechanism = mechanism, Parameter = memory, ParameterLen = (ulong)size };
    }
}
