namespace AgentPki.Authority.Acme.Validation;

/// <summary>
/// What an ACME problem document can say (RFC 8555 §6.7 and its registry, §9.7.4). A type without a name in
/// <see cref="AcmeErrorTypes.Name"/> fails the build.
/// </summary>
public enum AcmeErrorType
{
    /// <summary>The request names an account that does not exist.</summary>
    AccountDoesNotExist,

    /// <summary>The certificate to be replaced was marked as replaced already (RFC 9773 §7.4).</summary>
    AlreadyReplaced,

    /// <summary>The certificate to be revoked was revoked already.</summary>
    AlreadyRevoked,

    /// <summary>The attestation statement of a device-attest-01 challenge is unacceptable (draft-ietf-acme-device-attest).</summary>
    BadAttestationStatement,

    /// <summary>The CSR is unacceptable, for a short key for example.</summary>
    BadCsr,

    /// <summary>The nonce is not one of ours, or was used.</summary>
    BadNonce,

    /// <summary>The JWS was signed by a public key that the server does not support.</summary>
    BadPublicKey,

    /// <summary>The revocation reason is not allowed by the server.</summary>
    BadRevocationReason,

    /// <summary>The JWS was signed with an algorithm that the server does not support.</summary>
    BadSignatureAlgorithm,

    /// <summary>CAA records forbid the CA from issuing.</summary>
    Caa,

    /// <summary>Several errors, told in <c>subproblems</c>.</summary>
    Compound,

    /// <summary>The server could not connect to the validation target.</summary>
    Connection,

    /// <summary>There was a problem with a DNS query during identifier validation.</summary>
    Dns,

    /// <summary>The request must include a value for <c>externalAccountBinding</c>.</summary>
    ExternalAccountRequired,

    /// <summary>The response received did not match the challenge's requirements.</summary>
    IncorrectResponse,

    /// <summary>A contact URL of an account was invalid.</summary>
    InvalidContact,

    /// <summary>The order names a profile that the server does not offer (draft-ietf-acme-profiles).</summary>
    InvalidProfile,

    /// <summary>The request message was malformed.</summary>
    Malformed,

    /// <summary>The order is not ready to be finalized.</summary>
    OrderNotReady,

    /// <summary>The request exceeds a rate limit.</summary>
    RateLimited,

    /// <summary>The server will not issue certificates for the identifier.</summary>
    RejectedIdentifier,

    /// <summary>The server experienced an internal error.</summary>
    ServerInternal,

    /// <summary>The server received a TLS error during validation.</summary>
    Tls,

    /// <summary>The client lacks sufficient authorization.</summary>
    Unauthorized,

    /// <summary>A contact URL of an account used an unsupported protocol scheme.</summary>
    UnsupportedContact,

    /// <summary>An identifier is of an unsupported type.</summary>
    UnsupportedIdentifier,

    /// <summary>Visit the <c>instance</c> URL and take the actions it names.</summary>
    UserActionRequired,
}

/// <summary>The one table from error types to their names on the wire.</summary>
public static class AcmeErrorTypes
{
    /// <summary>RFC 8555 §6.7; registered in RFC 8555 §9.6.</summary>
    public const string Namespace = "urn:ietf:params:acme:error:";

    /// <summary>The whole <c>type</c> of a problem document.</summary>
    public static string Urn(this AcmeErrorType type) => Namespace + type.Name();

    /// <summary>The name below <see cref="Namespace"/>.</summary>
    public static string Name(this AcmeErrorType type) => type switch
    {
        AcmeErrorType.AccountDoesNotExist => "accountDoesNotExist",
        AcmeErrorType.AlreadyReplaced => "alreadyReplaced",
        AcmeErrorType.AlreadyRevoked => "alreadyRevoked",
        AcmeErrorType.BadAttestationStatement => "badAttestationStatement",
        AcmeErrorType.BadCsr => "badCSR",
        AcmeErrorType.BadNonce => "badNonce",
        AcmeErrorType.BadPublicKey => "badPublicKey",
        AcmeErrorType.BadRevocationReason => "badRevocationReason",
        AcmeErrorType.BadSignatureAlgorithm => "badSignatureAlgorithm",
        AcmeErrorType.Caa => "caa",
        AcmeErrorType.Compound => "compound",
        AcmeErrorType.Connection => "connection",
        AcmeErrorType.Dns => "dns",
        AcmeErrorType.ExternalAccountRequired => "externalAccountRequired",
        AcmeErrorType.IncorrectResponse => "incorrectResponse",
        AcmeErrorType.InvalidContact => "invalidContact",
        AcmeErrorType.InvalidProfile => "invalidProfile",
        AcmeErrorType.Malformed => "malformed",
        AcmeErrorType.OrderNotReady => "orderNotReady",
        AcmeErrorType.RateLimited => "rateLimited",
        AcmeErrorType.RejectedIdentifier => "rejectedIdentifier",
        AcmeErrorType.ServerInternal => "serverInternal",
        AcmeErrorType.Tls => "tls",
        AcmeErrorType.Unauthorized => "unauthorized",
        AcmeErrorType.UnsupportedContact => "unsupportedContact",
        AcmeErrorType.UnsupportedIdentifier => "unsupportedIdentifier",
        AcmeErrorType.UserActionRequired => "userActionRequired",
    };

    /// <summary>The type that a stored name or URN stands for; null when it is none.</summary>
    public static AcmeErrorType? Find(string text)
    {
        var name = text.StartsWith(Namespace, StringComparison.Ordinal) ? text[Namespace.Length..] : text;
        foreach (var type in Enum.GetValues<AcmeErrorType>())
        {
            if (type.Name() == name)
            {
                return type;
            }
        }

        return null;
    }
}
