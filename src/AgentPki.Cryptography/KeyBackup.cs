namespace AgentPki.Cryptography;

/// <summary>How a key in a token may be kept a second time. Decided when it is made, kept with the key, and shown wherever the key is.</summary>
public enum KeyBackup
{
    /// <summary>Not at all: with the token the key is gone.</summary>
    None,

    /// <summary>The token's own files are copied, encrypted under its PIN as they are (software tokens).</summary>
    TokenFiles,

    /// <summary>The maker's own cloning, from token to token of one domain.</summary>
    CloningDomain,

    /// <summary>Wrapped by its token for another token: the key is extractable in that form, which is the price.</summary>
    Wrapped,
}

/// <summary>The methods as people read and write them.</summary>
public static class KeyBackupNames
{
    /// <summary><c>none</c>, <c>token-files</c>, <c>cloning-domain</c> or <c>wrapped</c>.</summary>
    public static string ToText(this KeyBackup backup) => backup switch
    {
        KeyBackup.None => "none",
        KeyBackup.TokenFiles => "token-files",
        KeyBackup.CloningDomain => "cloning-domain",
        KeyBackup.Wrapped => "wrapped",
    };

    /// <summary>False for what is none of them.</summary>
    public static bool TryParse(string text, out KeyBackup backup)
    {
        foreach (var known in Enum.GetValues<KeyBackup>())
        {
            if (known.ToText() == text)
            {
                backup = known;
                return true;
            }
        }

        backup = default;
        return false;
    }
}
