namespace AgentPki.Client.Peers;

/// <summary>Who may say whether a certificate is revoked.</summary>
public enum RevocationSource
{
    /// <summary>The appliance's revocation feed: at once, without asking.</summary>
    Feed,

    /// <summary>The OCSP responder that the certificate names (RFC 6960), asked with a nonce (RFC 9654).</summary>
    Ocsp,

    /// <summary>The CRL that the certificate names (RFC 5280 §4.2.1.13): as old as its issuer lets it be.</summary>
    Crl,
}
