namespace AgentPki.Authority.Problems;

/// <summary>
/// Why a request was refused. Each protocol has one table from these to its wire; a kind without a mapping fails the build
/// (a switch expression without a default arm, CS8509 as an error).
/// </summary>
public enum PkiProblemKind
{
    /// <summary>The octets are not what the media type says (DER, base64, CMS).</summary>
    MalformedRequest,

    /// <summary>Proof of possession failed: the request's own signature does not verify.</summary>
    BadProofOfPossession,

    /// <summary>The request's signature or key algorithm is unknown here or not allowed by the profile.</summary>
    UnsupportedAlgorithm,

    /// <summary>The public key is weak, malformed, blocklisted, or already another agent's.</summary>
    BadPublicKey,

    /// <summary>A name, extension or attribute is not what the profile allows.</summary>
    PolicyViolation,

    /// <summary>A renewal whose names are not those of the certificate it renews (RFC 7030 §4.2.2).</summary>
    IdentityMismatch,

    /// <summary>No such profile or label.</summary>
    UnknownProfile,

    /// <summary>Nobody was authenticated and the operation wants somebody.</summary>
    Unauthenticated,

    /// <summary>Authenticated, but not allowed to do this (used-up credential, revoked or expired certificate, foreign trust domain).</summary>
    Unauthorized,

    /// <summary>A person denied the parked request.</summary>
    ApprovalDenied,

    /// <summary>The body or something inside it is larger than allowed.</summary>
    TooLarge,

    /// <summary>The client has spent its share; try again later.</summary>
    RateLimited,

    /// <summary>The media type is not one this operation takes.</summary>
    UnsupportedMediaType,

    /// <summary>The named certificate, approval or other thing does not exist.</summary>
    NotFound,

    /// <summary>The state changed underneath: the thing exists already, or was decided already.</summary>
    Conflict,

    /// <summary>The token, the store or the issuer cannot work now; try again later.</summary>
    Unavailable,

    /// <summary>What was about to be signed failed its lint or its re-verification. A defect here or in a profile, never the client's fault.</summary>
    IssuanceRejected,
}

/// <summary>A refusal: its kind, one sentence that a person can act on, and when to try again where that helps.</summary>
/// <param name="Detail">Says what was wrong and what would be right; no secrets, no stack traces, no other party's data.</param>
public sealed record PkiProblem(PkiProblemKind Kind, string Detail, TimeSpan? RetryAfter = null);
