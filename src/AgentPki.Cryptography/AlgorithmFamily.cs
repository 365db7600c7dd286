namespace AgentPki.Cryptography;

/// <summary>The mathematical family of a key; what two algorithms must share for one key to serve both.</summary>
public enum AlgorithmFamily
{
    Ecdsa,
    Rsa,
    EdDsa,
}
