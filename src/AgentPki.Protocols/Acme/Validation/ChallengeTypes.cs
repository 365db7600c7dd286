namespace AgentPki.Protocols.Acme.Validation;

/// <summary>The challenge types that are validated over the network, as they stand on the wire (RFC 8555 §9.7.8).</summary>
public static class ChallengeTypes
{
    /// <summary>RFC 8555 §8.3.</summary>
    public const string Http01 = "http-01";

    /// <summary>RFC 8555 §8.4.</summary>
    public const string Dns01 = "dns-01";

    /// <summary>RFC 8737.</summary>
    public const string TlsAlpn01 = "tls-alpn-01";

    /// <summary>draft-ietf-acme-dns-account-label-03.</summary>
    public const string DnsAccount01 = "dns-account-01";
}
