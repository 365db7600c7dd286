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
