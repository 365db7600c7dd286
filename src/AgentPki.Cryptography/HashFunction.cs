namespace AgentPki.Cryptography;

/// <summary>The digest a signature algorithm computes before it signs; <see cref="None"/> where the whole message is signed (RFC 8032 pure EdDSA).</summary>
public enum HashFunction
{
    None,
    Sha256,
    Sha384,
    Sha512,
}
