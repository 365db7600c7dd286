using AgentPki.Authority.Problems;

namespace AgentPki.Authority.OAuth;

/// <summary>RFC 6749 §5.2, RFC 8693 §2.2.2, RFC 8707 §2.</summary>
public enum OAuthErrorType
{
    /// <summary>A parameter is missing, twice there, or not what it should be.</summary>
    InvalidRequest,

    /// <summary>Client authentication failed.</summary>
    InvalidClient,

    /// <summary>The subject token is none, ended, or not this client's to exchange.</summary>
    InvalidGrant,

    /// <summary>The scope is malformed, or more than the client (or the subject token) has.</summary>
    InvalidScope,

    /// <summary>The resource is unknown, or not one that the subject token is for.</summary>
    InvalidTarget,

    /// <summary>Token or store cannot work now; an extension of ours for this endpoint (RFC 6749 §4.1.2.1 has it for the other).</summary>
    TemporarilyUnavailable,
}

/// <summary>A refusal in OAuth's words.</summary>
/// <param name="Detail">One sentence for a person: what was wrong and what would be right.</param>
public sealed record OAuthProblem(OAuthErrorType Type, string Detail, TimeSpan? RetryAfter = null)
{
    /// <summary><c>error</c>.</summary>
    public string Error => Type switch
    {
        OAuthErrorType.InvalidRequest => "invalid_request",
        OAuthErrorType.InvalidClient => "invalid_client",
        OAuthErrorType.InvalidGrant => "invalid_grant",
        OAuthErrorType.InvalidScope => "invalid_scope",
        OAuthErrorType.InvalidTarget => "invalid_target",
        OAuthErrorType.TemporarilyUnavailable => "temporarily_unavailable",
    };

    /// <summary>RFC 6749 §5.2: 400, and 401 for the client's authentication.</summary>
    public int StatusCode => Type switch
    {
        OAuthErrorType.InvalidClient => 401,
        OAuthErrorType.TemporarilyUnavailable => 503,
        OAuthErrorType.InvalidRequest or OAuthErrorType.InvalidGrant or OAuthErrorType.InvalidScope or OAuthErrorType.InvalidTarget => 400,
    };

    /// <summary>What the audit calls it.</summary>
    public PkiProblem ToPkiProblem() => new(
        Type switch
        {
            OAuthErrorType.InvalidRequest => PkiProblemKind.MalformedRequest,
            OAuthErrorType.InvalidClient => PkiProblemKind.Unauthenticated,
            OAuthErrorType.InvalidGrant => PkiProblemKind.Unauthorized,
            OAuthErrorType.InvalidScope or OAuthErrorType.InvalidTarget => PkiProblemKind.PolicyViolation,
            OAuthErrorType.TemporarilyUnavailable => PkiProblemKind.Unavailable,
        },
        Detail,
        RetryAfter);
}
