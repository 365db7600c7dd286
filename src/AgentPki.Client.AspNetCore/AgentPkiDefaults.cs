namespace AgentPki.Client.AspNetCore;

/// <summary>The authentication scheme, and the claims that it gives.</summary>
public static class AgentPkiDefaults
{
    public const string Scheme = "AgentPki";

    /// <summary>The scheme of access tokens.</summary>
    public const string TokenScheme = "AgentPkiToken";

    /// <summary>The SPIFFE ID; the name of the identity too.</summary>
    public const string SpiffeIdClaim = "spiffe_id";

    /// <summary>The serial number in lower-case hex.</summary>
    public const string SerialClaim = "certificate_serial";

    /// <summary>SHA-256 over the certificate, base64url (RFC 8705 §3.1 <c>x5t#S256</c>).</summary>
    public const string ThumbprintClaim = "x5t#S256";

    /// <summary>The subject as RFC 4514 text.</summary>
    public const string SubjectClaim = "certificate_subject";
}
