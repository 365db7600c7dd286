namespace AgentPki.Cryptography.Jose;

/// <summary>What a JWS is expected to be made with: the reader decides, never the JWS (RFC 8725 §3.1).</summary>
public enum JwsUse
{
    /// <summary>A key pair: a MAC is refused, so that nobody computes one with a public key.</summary>
    Signature,

    /// <summary>A shared secret: a signature is refused, and so is a key in the header.</summary>
    Mac,
}
