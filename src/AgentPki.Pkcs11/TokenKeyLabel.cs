using AgentPki.Cryptography;

namespace AgentPki.Pkcs11;

/// <summary>
/// How a key's purpose is kept with the key: CKA_LABEL is <c>purpose/label</c>, the one attribute that every token keeps as it was given.
/// </summary>
public static class TokenKeyLabel
{
    public static string Of(KeyPurpose purpose, string label) => $"{Tag(purpose)}/{label}";

    /// <summary>Splits a CKA_LABEL; false for objects that are not this appliance's.</summary>
    public static bool TryParse(string tokenLabel, out KeyPurpose purpose, out string label)
    {
        foreach (var candidate in Enum.GetValues<KeyPurpose>())
        {
            var prefix = Tag(candidate) + "/";
            if (tokenLabel.StartsWith(prefix, StringComparison.Ordinal))
            {
                (purpose, label) = (candidate, tokenLabel[prefix.Length..]);
                return true;
            }
        }

        (purpose, label) = (default, tokenLabel);
        return false;
    }

    private static string Tag(KeyPurpose purpose) => purpose switch
    {
        KeyPurpose.CertificateAuthority => "ca",
        KeyPurpose.OcspResponder => "ocsp",
        KeyPurpose.LedgerCheckpoint => "checkpoint",
        KeyPurpose.TlsServer => "tls",
        KeyPurpose.CmsSigner => "cms",
        KeyPurpose.Subject => "subject",
        KeyPurpose.Probe => "probe",
    };
}
