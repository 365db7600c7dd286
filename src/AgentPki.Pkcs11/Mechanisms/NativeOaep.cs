using System.Runtime.InteropServices;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.LowLevelAPI80;
using Net.Pkcs11Interop.LowLevelAPI80.MechanismParams;

namespace AgentPki.Pkcs11.Mechanisms;

/// <summary>CK_RSA_PKCS_OAEP_PARAMS in native memory for one call, with an empty label (PKCS#11 v2.40 §2.1.8).</summary>
internal sealed class NativeOaep : IDisposable
{
    private const ulong DataSpecified = 1;

    private readonly IntPtr _block;

    public NativeOaep(TokenBackupWrapping how)
    {
        var size = Marshal.SizeOf<CK_RSA_PKCS_OAEP_PARAMS>();
        _block = Marshal.AllocHGlobal(size);
        Marshal.StructureToPtr(new CK_RSA_PKCS_OAEP_PARAMS { HashAlg = how.OaepHash, Mgf = how.OaepMgf, Source = DataSpecified }, _block, fDeleteOld: false);
        Mechanism = new CK_MECHANISM { Mechanism = (ulong)CKM.CKM_RSA_PKCS_OAEP, Parameter = _block, ParameterLen = (ulong)size };
    }

    public CK_MECHANISM Mechanism { get; }

    public void Dispose() => Marshal.FreeHGlobal(_block);
}
