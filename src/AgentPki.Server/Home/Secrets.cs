using System.Security.Cryptography;
using System.Text;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Home;

/// <summary>The secrets a home is made with, and where the service reads its PIN.</summary>
public static class Secrets
{
    /// <summary>The systemd credential that goes before the PIN file (<c>LoadCredential=pkcs11-pin:/path</c>).</summary>
    public const string PinCredential = "pkcs11-pin";

    private const string CredentialsFolder = "CREDENTIALS_DIRECTORY";
    private const int PinDigits = 24;

    /// <summary>Makes the token's PINs if there are none; random digits, which every token takes.</summary>
    public static void MakePins(ApplianceHome home)
    {
        foreach (var file in new[] { home.OfficerPin, home.UserPin })
        {
            if (!File.Exists(file))
            {
                PrivateFile.Write(file, RandomNumberGenerator.GetString("0123456789", PinDigits));
            }
        }
    }

    /// <summary>A secret for HTTP Basic: 256 random bits as base64url.</summary>
    public static string NewBearer() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>The file that holds the user PIN: the systemd credential if the service was given one, else the configured file.</summary>
    public static string PinFile(ApplianceHome home, string configured, Func<string, string?> variable)
    {
        if (variable(CredentialsFolder) is { Length: > 0 } folder && Path.Combine(folder, PinCredential) is var credential && File.Exists(credential))
        {
            return credential;
        }

        return home.Resolve(configured);
    }

    /// <summary>Refuses a PIN file that is missing or that others can read.</summary>
    /// <exception cref="CommandException">It is missing, or others can read it.</exception>
    public static void RequirePrivate(string pinFile)
    {
        if (!File.Exists(pinFile))
        {
            throw new CommandException(ExitCodes.Environment, $"The token's PIN file {pinFile} does not exist.", "Put the PIN there (one line, mode 0600), or give the service the systemd credential 'pkcs11-pin'.");
        }

        if (PrivateFile.IsOpenToOthers(pinFile))
        {
            throw new CommandException(ExitCodes.Environment, $"The token's PIN file {pinFile} can be read by other users.", $"Type: chmod 600 {pinFile}");
        }
    }

    /// <summary>SHA-256 of a secret's UTF-8 octets, as the store keeps it.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
