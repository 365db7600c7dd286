namespace AgentPki.Protocols.Acme.Nonces;

/// <summary>What became of a nonce that a request carried. Everything but <see cref="Accepted"/> is the client's <c>badNonce</c> (RFC 8555 §6.5).</summary>
public enum NonceVerdict
{
    /// <summary>Made here, not too old, and never seen before. It will never be accepted again.</summary>
    Accepted,

    /// <summary>Not made by this instance: another node's, from before a restart, or made up.</summary>
    Unknown,

    /// <summary>Accepted before.</summary>
    Replayed,

    /// <summary>Made here, but too long ago, or too many were made since.</summary>
    Expired,
}
