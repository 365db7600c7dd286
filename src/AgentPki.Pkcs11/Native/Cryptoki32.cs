using System.Runtime.InteropServices;
using System.Text;
using AgentPki.Pkcs11.Errors;
using Net.Pkcs11Interop.LowLevelAPI80;

namespace AgentPki.Pkcs11.Native;

/// <summary>
/// The functions of PKCS#11 v3.2 that Pkcs11Interop lacks and this appliance uses: C_EncapsulateKey and C_DecapsulateKey (§5.18.8, §5.18.9), out of the
/// function list that C_GetInterface (§5.4.6) gives for the interface "PKCS 11" 3.2. A module that exports
/// them by name alone may follow any draft's signature: they are not used. Everything else goes through the v2.40 list, which is the same module.
/// </summary>
/// <remarks>The caller holds the module's gate, as for every call.</remarks>
internal sealed unsafe class Cryptoki32
{
    /// <summary>The name of the standard's own interface (§3.6); vendors' extensions have others.</summary>
    private const string StandardName = "PKCS 11";

    // CK_FUNCTION_LIST_3_2 (§3.6): a CK_VERSION, filled up to a pointer's size, then the functions in the order of pkcs11f.h: 68 of v2.40, 24 of v3.0, 12 of v3.2.
    private const int FirstOfVersion32 = 68 + 24;

    private readonly delegate* unmanaged[Cdecl]<ulong, CK_MECHANISM*, ulong, CK_ATTRIBUTE*, ulong, byte*, ulong*, ulong*, ulong> _encapsulate;
    private readonly delegate* unmanaged[Cdecl]<ulong, CK_MECHANISM*, ulong, CK_ATTRIBUTE*, ulong, byte*, ulong, ulong*, ulong> _decapsulate;

    private Cryptoki32(IntPtr encapsulate, IntPtr decapsulate)
    {
        _encapsulate = (delegate* unmanaged[Cdecl]<ulong, CK_MECHANISM*, ulong, CK_ATTRIBUTE*, ulong, byte*, ulong*, ulong*, ulong>)encapsulate;
        _decapsulate = (delegate* unmanaged[Cdecl]<ulong, CK_MECHANISM*, ulong, CK_ATTRIBUTE*, ulong, byte*, ulong, ulong*, ulong>)decapsulate;
    }

    /// <summary>The v3.2 functions of a module that is loaded already; null when it is older or leaves them out.</summary>
    public static Cryptoki32? Find(string path)
    {
        if (!NativeLibrary.TryLoad(path, out var module) || !NativeLibrary.TryGetExport(module, "C_GetInterface", out var export))
        {
            return null;
        }

        // §5.4.6: may be called before C_Initialize; a version that is given must match.
        var getInterface = (delegate* unmanaged[Cdecl]<byte*, CkVersion*, CkInterface**, ulong, ulong>)export;
        var version = new CkVersion { Major = 3, Minor = 2 };
        CkInterface* found = null;
        fixed (byte* name = Encoding.UTF8.GetBytes(StandardName + "\0"))
        {
            if (getInterface(name, &version, &found, 0) != 0 || found is null || found->FunctionList is null)
            {
                return null;
            }
        }

        // Some modules answer with another version than they were asked for.
        var actual = (CkVersion*)found->FunctionList;
        var functions = (IntPtr*)found->FunctionList;
        return actual->Major == 3 && actual->Minor >= 2 && functions[1 + FirstOfVersion32] != IntPtr.Zero && functions[2 + FirstOfVersion32] != IntPtr.Zero
            ? new Cryptoki32(functions[1 + FirstOfVersion32], functions[2 + FirstOfVersion32])
            : null;
    }

    /// <summary>The interfaces a module names, for people: <c>PKCS 11 3.2</c>. Empty for one older than v3.0 (C_GetInterfaceList, §5.4.5).</summary>
    public static IReadOnlyList<string> Interfaces(string path)
    {
        if (!NativeLibrary.TryLoad(path, out var module) || !NativeLibrary.TryGetExport(module, "C_GetInterfaceList", out var export))
        {
            return [];
        }

        var getList = (delegate* unmanaged[Cdecl]<CkInterface*, ulong*, ulong>)export;
        ulong count = 0;
        if (getList(null, &count) != 0 || count is 0 or > 64)
        {
            return [];
        }

        var list = new CkInterface[count];
        fixed (CkInterface* first = list)
        {
            if (getList(first, &count) != 0)
            {
                return [];
            }
        }

        // §3.6: the first member of a standard interface's function list is its version; of a vendor's own nothing is known.
        return [.. list.Take((int)count).Select(Describe)];
    }

    /// <summary>A fresh secret for a public key: the ciphertext, and the handle of the secret as an object of the template.</summary>
    /// <param name="size">The ciphertext's length (FIPS 203 table 3).</param>
    /// <exception cref="TokenCallException">The token refused.</exception>
    public (byte[] Ciphertext, ulong Secret) EncapsulateKey(ulong session, CK_MECHANISM mechanism, ulong publicKey, ReadOnlySpan<CK_ATTRIBUTE> template, int size, string what)
    {
        var ciphertext = new byte[size];
        ulong length = (ulong)size, secret = 0, code;
        fixed (CK_ATTRIBUTE* attributes = template)
        fixed (byte* output = ciphertext)
        {
            code = _encapsulate(session, &mechanism, publicKey, attributes, (ulong)template.Length, output, &length, &secret);
        }

        return code == 0 ? (ciphertext[..(int)length], secret) : throw new TokenCallException($"C_EncapsulateKey({what})", code);
    }

    /// <summary>The handle of the secret as an object of the template.</summary>
    /// <exception cref="TokenCallException">The token refused.</exception>
    public ulong DecapsulateKey(ulong session, CK_MECHANISM mechanism, ulong privateKey, ReadOnlySpan<CK_ATTRIBUTE> template, ReadOnlySpan<byte> ciphertext, string what)
    {
        ulong secret = 0, code;
        fixed (CK_ATTRIBUTE* attributes = template)
        fixed (byte* input = ciphertext)
        {
            code = _decapsulate(session, &mechanism, privateKey, attributes, (ulong)template.Length, input, (ulong)ciphertext.Length, &secret);
        }

        return code == 0 ? secret : throw new TokenCallException($"C_DecapsulateKey({what})", code);
    }

    private static string Describe(CkInterface found)
    {
        var name = Marshal.PtrToStringUTF8((IntPtr)found.Name) ?? "";
        return name == StandardName && found.FunctionList is not null ? $"{name} {((CkVersion*)found.FunctionList)->Major}.{((CkVersion*)found.FunctionList)->Minor}" : name;
    }

    /// <summary>CK_VERSION (§3.1).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CkVersion
    {
        public byte Major;
        public byte Minor;
    }

    /// <summary>CK_INTERFACE (§3.6).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CkInterface
    {
        public byte* Name;
        public void* FunctionList;
        public ulong Flags;
    }
}
