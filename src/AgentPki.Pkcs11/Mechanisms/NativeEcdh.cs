using System.Runtime.InteropServices;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;
using Net.Pkcs11Interop.LowLevelAPI80.MechanismParams;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>CK_ECDH1_DERIVE_PARAMS in native memory for one call: no key derivation, the peer's point uncompressed (PKCS#11 v2.40 §2.3.8).</summary>
internal sealed class NativeEcdh : IDisposable
{
    private readonly IntPtr _block;

    public NativeEcdh(ulong mechanism, ReadOnlySpan<byte> point)
    {
        var size = Marshal.SizeOf<CK_ECDH1_DERIVE_PARAMS>();
        _block = Marshal.AllocHGlobal(size + point.Length);
        Marshal.Copy(point.ToArray(), 0, _block + size, point.Length);
        Marshal.StructureToPtr(new CK_ECDH1_DERIVE_PARAMS { Kdf = (ulong)CKD.CKD_NULL, PublicData = _block + size, PublicDataLen = (ulong)point.Length }, _block, fDeleteOld: false);
        Mechanism = new CK_MECHANISM { Mechanism = mechanism, Parameter = _block, ParameterLen = (ulong)size };
    }

    public CK_MECHANISM Mechanism { get; }

    public void Dispose() => Marshal.FreeHGlobal(_block);
}
