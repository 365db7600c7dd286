using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace AgentPki.Cryptography.Providers.Platform;

/// <summary>The few functions of OpenSSL 3's libcrypto that <see cref="LibcryptoEcdsaVerifier"/> needs; public and stable in all of 3.x.</summary>
internal static partial class Libcrypto
{
    private const string Library = "libcrypto.so.3";

    // obj_mac.h: NID_X9_62_prime256v1, NID_secp384r1, NID_secp521r1, NID_brainpoolP256r1, NID_brainpoolP384r1. The groups are made once and live as long as the process.
    private static readonly bool Usable = IsUsable();
    private static readonly nint P256 = Usable ? EC_GROUP_new_by_curve_name(415) : 0;
    private static readonly nint P384 = Usable ? EC_GROUP_new_by_curve_name(715) : 0;
    private static readonly nint P521 = Usable ? EC_GROUP_new_by_curve_name(716) : 0;
    private static readonly nint BrainpoolP256 = Usable ? EC_GROUP_new_by_curve_name(927) : 0;
    private static readonly nint BrainpoolP384 = Usable ? EC_GROUP_new_by_curve_name(931) : 0;

    /// <summary>The group of an EC key algorithm; 0 when there is none here.</summary>
    public static nint GroupOf(KeyAlgorithm algorithm) =>
        algorithm == KeyAlgorithm.EcdsaP256 ? P256
        : algorithm == KeyAlgorithm.EcdsaP384 ? P384
        : algorithm == KeyAlgorithm.EcdsaP521 ? P521
        : algorithm == KeyAlgorithm.EcdsaBrainpoolP256 ? BrainpoolP256
        : algorithm == KeyAlgorithm.EcdsaBrainpoolP384 ? BrainpoolP384
        : 0;

    /// <summary>A key of <paramref name="group"/> from an uncompressed point; null when libcrypto refuses it.</summary>
    public static EcKeyHandle? LoadKey(nint group, ReadOnlySpan<byte> point)
    {
        var key = EC_KEY_new();
        if (!key.IsInvalid && EC_KEY_set_group(key, group) == 1 && EC_KEY_oct2key(key, point, point.Length, 0) == 1)
        {
            return key;
        }

        key.Dispose();
        ERR_clear_error();
        return null;
    }

    /// <summary>Verifies a DER Ecdsa-Sig-Value (RFC 3279 §2.2.3); anything but exact DER is false.</summary>
    public static bool Verify(EcKeyHandle key, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (ECDSA_verify(0, digest, digest.Length, signature, signature.Length, key) == 1)
        {
            return true;
        }

        // Errors left in this thread's queue would be taken for its own by whoever asks next (TLS does).
        ERR_clear_error();
        return false;
    }

    private static bool IsUsable() =>
        OperatingSystem.IsLinux()
        && SafeEvpPKeyHandle.OpenSslVersion >> 28 == 3 // asking also loads the library that the platform uses, which the name below then finds
        && NativeLibrary.TryLoad(Library, typeof(Libcrypto).Assembly, null, out var library)
        && NativeLibrary.TryGetExport(library, nameof(ECDSA_verify), out _);

    internal sealed class EcKeyHandle() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            EC_KEY_free(handle);
            return true;
        }
    }

#pragma warning disable IDE1006, SA1300 // the library's own names
    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint EC_GROUP_new_by_curve_name(int nid);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial EcKeyHandle EC_KEY_new();

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EC_KEY_set_group(EcKeyHandle key, nint group);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int EC_KEY_oct2key(EcKeyHandle key, ReadOnlySpan<byte> point, nint length, nint context);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void EC_KEY_free(nint key);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ECDSA_verify(int type, ReadOnlySpan<byte> digest, int digestLength, ReadOnlySpan<byte> signature, int signatureLength, EcKeyHandle key);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void ERR_clear_error();
#pragma warning restore IDE1006, SA1300
}
