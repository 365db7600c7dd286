using System.Security.Cryptography;
using AgentPki.Cryptography.Providers.Pinned;

namespace AgentPki.Server.Home;

/// <summary>The secrets a home is made with, and where the service reads its PIN.</summary>
public static class Secrets
{
    /// <summary>The systemd credential that goes before the PIN file (<c>LoadCredential=pkcs11-pin:/path</c>); of a further token, <c>pkcs11-pin-NAME</c>.</summary>
    public const string PinCredential = "pkcs11-pin";

    private const string CredentialsFolder = "CREDENTIALS_DIRECTORY";
    private const int PinDigits = 24;

    /// <summary>Makes a token's PINs if there are none; random digits, which every token takes.</summary>
    public static void MakePins(params ReadOnlySpan<string> files)
    {
        foreach (var file in files)
        {
            if (!File.Exists(file))
            {
                using var pin = new PinnedMemory(PinDigits);
                RandomNumberGenerator.GetItems("0123456789"u8, pin.GetSpan());
                PrivateFile.Write(file, pin.GetSpan());
            }
        }
    }

    /// <summary>The file that holds the user PIN: the systemd credential if the service was given one, else the configured file.</summary>
    public static string PinFile(ApplianceHome home, string configured, string credentialName, Func<string, string?> variable)
    {
        return FindCredential(credentialName, variable) ?? home.Resolve(configured);
    }

    /// <summary>The file of a systemd credential that the service was given; null where it was given none of that name.</summary>
    public static string? FindCredential(string name, Func<string, string?> variable) =>
        variable(CredentialsFolder) is { Length: > 0 } folder && Path.Combine(folder, name) is var credential && File.Exists(credential) ? credential : null;
}
