namespace AgentPki.Authority.Acme.Validation;

/// <summary>The identifier types of this server, as they stand on the wire (RFC 8555 §9.7.7 and the drafts named).</summary>
public static class AcmeIdentifierTypes
{
    /// <summary>RFC 8555 §7.1.3.</summary>
    public const string Dns = "dns";

    /// <summary>RFC 8738 §3.</summary>
    public const string Ip = "ip";

    /// <summary>A SPIFFE ID; not registered, see docs/divergences.md.</summary>
    public const string Spiffe = "spiffe";

    /// <summary>draft-ietf-acme-device-attest: the value of a PermanentIdentifier (RFC 4043).</summary>
    public const string PermanentIdentifier = "permanent-identifier";

    /// <summary>For texts.</summary>
    public const string Listed = "dns, ip, spiffe and permanent-identifier";
}
