namespace AgentPki.Cryptography;

/// <summary>How a private key is kept. Shown wherever a key is shown; never rounded up.</summary>
public enum KeyProtection
{
    /// <summary>In process memory or a file. Development only for CA keys.</summary>
    Software,

    /// <summary>Encrypted under a non-extractable AES key of a token; in pinned memory while it is used.</summary>
    TokenWrapped,

    /// <summary>Generated in and never leaving a PKCS#11 token; the token signs.</summary>
    Token,
}

/// <summary>The levels as people read them.</summary>
public static class KeyProtectionNames
{
    /// <summary><c>token</c>, <c>token-wrapped</c> or <c>software</c>.</summary>
    public static string ToText(this KeyProtection protection) => protection switch
    {
        KeyProtection.Token => "token",
        KeyProtection.TokenWrapped => "token-wrapped",
        KeyProtection.Software => "software",
    };
}
