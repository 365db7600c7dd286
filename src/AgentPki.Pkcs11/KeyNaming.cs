using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Cryptography;

namespace AgentPki.Pkcs11;

/// <summary>
/// How a key's label, purpose and backup method are kept with the key: CKA_LABEL is <c>purpose/label</c>, or <c>purpose+method/label</c> where there is a
/// method, for people; CKA_ID is the first 20 octets of SHA-256 over the
/// label alone, so that a key is found, and a second of the same label refused, whatever its purpose.
/// </summary>
internal static class KeyNaming
{
    public const string WrappingPurpose = "key-wrapping";

    private static readonly FrozenDictionary<string, KeyPurpose> Purposes = Enum.GetValues<KeyPurpose>().ToFrozenDictionary(PurposeName, StringComparer.Ordinal);

    /// <exception cref="ArgumentException">Empty, too long, or not printable ASCII; a slash would look like a purpose.</exception>
    public static void Validate(string label)
    {
        if (label.Length is 0 or > 64 || label.Any(c => c is < '!' or > '~' or '/'))
        {
            throw new ArgumentException($"A key's label is 1 to 64 printable ASCII characters without space and slash; '{label}' is not.", nameof(label));
        }
    }

    public static byte[] Id(string label) => SHA256.HashData(Encoding.ASCII.GetBytes(label))[..20];

    public static string TokenLabel(string label, KeyPurpose purpose, KeyBackup backup = KeyBackup.None) =>
        $"{PurposeName(purpose)}{(backup == KeyBackup.None ? "" : "+" + backup.ToText())}/{label}";

    /// <summary>What CKA_LABEL says; false for a key that was not made by this appliance.</summary>
    public static bool TryParse(string tokenLabel, out string label, out KeyPurpose purpose, out KeyBackup backup)
    {
        var slash = tokenLabel.IndexOf('/', StringComparison.Ordinal);
        label = slash < 0 ? tokenLabel : tokenLabel[(slash + 1)..];
        (purpose, backup) = (default, KeyBackup.None);
        if (slash <= 0)
        {
            return false;
        }

        var parts = tokenLabel[..slash].Split('+');
        return Purposes.TryGetValue(parts[0], out purpose) && (parts.Length == 1 || (parts.Length == 2 && KeyBackupNames.TryParse(parts[1], out backup) && backup != KeyBackup.None));
    }

    public static bool TryParsePurpose(string name, out KeyPurpose purpose) => Purposes.TryGetValue(name, out purpose);

    /// <summary><c>CertificateAuthority</c> as <c>certificate-authority</c>.</summary>
    public static string PurposeName(KeyPurpose purpose)
    {
        var name = new StringBuilder();
        foreach (var c in purpose.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && name.Length > 0)
            {
                name.Append('-');
            }

            name.Append(char.ToLowerInvariant(c));
        }

        return name.ToString();
    }
}
