using System.Runtime.InteropServices;
using Net.Pkcs11Interop.LowLevelAPI80;
using Net.Pkcs11Interop.LowLevelAPI80.MechanismParams;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>CK_GCM_PARAMS in native memory for one call: 96-bit IV, associated data, 128-bit tag (PKCS#11 v2.40 errata 01 §2.12.3).</summary>
internal sealed class NativeGcm : IDisposable
{
    public const int IvSize = 12, TagSize = 16;

    private readonly IntPtr _block;

    public NativeGcm(ulong mechanism, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> associatedData)
    {
        var size = Marshal.SizeOf<CK_GCM_PARAMS>();
        _block = Marshal.AllocHGlobal(size + iv.Length + associatedData.Length + 1);
        var (ivAt, dataAt) = (_block + size, _block + size + iv.Length);
        Marshal.Copy(iv.ToArray(), 0, ivAt, iv.Length);
        Marshal.Copy(associatedData.ToArray(), 0, dataAt, associatedData.Length);
        var parameters = new CK_GCM_PARAMS
        {
            Iv = ivAt,
            IvLen = (ulong)iv.Length,
            IvBits = (ulong)iv.Length * 8,
            AAD = associatedData.IsEmpty ? IntPtr.Zero : dataAt,
            AADLen = (ulong)associatedData.Length,
            TagBits = TagSize * 8,
        };
        Marshal.StructureToPtr(parameters, _block, fDeleteOld: false);
        Mechanism = new CK_MECHANISM { Mechanism = mechanism, Parameter = _block, ParameterLen = (ulong)size };
    }

    public CK_MECHANISM Mechanism { get; }

    public void Dispose() => Marshal.FreeHGlobal(_block);
}
