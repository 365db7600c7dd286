using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Server.Tls;

/// <summary>Tells OpenSSL not to issue TLS 1.3 session tickets (RFC 8446 §4.6.1).</summary>
/// <remarks>
/// .NET offers no setting for their number (OpenSSL sends two after every handshake), and switching resumption off altogether makes it build a
/// new SSL_CTX for each connection. With a client's certificate each ticket costs OpenSSL 3.0 an encoding and a decoding of the session, certificate and
/// public key included: both together a quarter of the handshake, so that resuming is no cheaper than a full handshake without tickets, which also
/// proves possession of the key anew. The setting goes in as an in-memory configuration, where an administrator's would stand
/// in openssl.cnf (SSL_CONF_cmd(3), NumTickets); a machine whose openssl.cnf has TLS settings of its own keeps those.
/// </remarks>
internal static partial class SessionTickets
{
    private const string Library = "libcrypto.so.3";

    private static ReadOnlySpan<byte> Configuration => "openssl_conf=init\n[init]\nssl_conf=ssl\n[ssl]\nsystem_default=tls\n[tls]\nNumTickets=0\n"u8;

    /// <summary>To be called before the first TLS context is made; false when the setting could not be made or is the machine's business.</summary>
    public static bool TrySwitchOff()
    {
        if (!OperatingSystem.IsLinux() || SafeEvpPKeyHandle.OpenSslVersion >> 28 != 3 || !NativeLibrary.TryLoad(Library, typeof(SessionTickets).Assembly, null, out _) || MachineHasTlsSettings())
        {
            return false;
        }

        var configuration = NCONF_new(0);
        var text = BIO_new_mem_buf(Configuration, Configuration.Length);
        try
        {
            return configuration != 0 && text != 0 && NCONF_load_bio(configuration, text, out _) > 0 && CONF_modules_load(configuration, null, 0) > 0;
        }
        finally
        {
            _ = BIO_free(text);
            NCONF_free(configuration);
            ERR_clear_error();
        }
    }

    private static bool MachineHasTlsSettings()
    {
        var path = Marshal.PtrToStringUTF8(CONF_get1_default_config_file());
        try
        {
            return path is not null && File.Exists(path) && File.ReadLines(path, Encoding.UTF8).Any(line => line.TrimStart().StartsWith("ssl_conf", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

#pragma warning disable IDE1006 // the library's own names
    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint CONF_get1_default_config_file();

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint NCONF_new(nint method);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void NCONF_free(nint configuration);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NCONF_load_bio(nint configuration, nint bio, out nint errorLine);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CONF_modules_load(nint configuration, string? application, nuint flags);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint BIO_new_mem_buf(ReadOnlySpan<byte> buffer, int length);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int BIO_free(nint bio);

    [LibraryImport(Library), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void ERR_clear_error();
#pragma warning restore IDE1006
}
