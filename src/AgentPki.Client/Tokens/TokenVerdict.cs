using AgentPki.X509.AccessTokens;

namespace AgentPki.Client.Tokens;

/// <summary>Why a token is not taken.</summary>
public enum TokenRefusalKind
{
    /// <summary>No JWS of an access token.</summary>
    Malformed,

    /// <summary>No known signer of the appliance signed it.</summary>
    NotSigned,

    /// <summary>Another issuer's, or for another resource.</summary>
    NotForHere,

    /// <summary>Over, or not yet begun.</summary>
    Ended,

    /// <summary>Bound to another certificate than the one presented, or to none where one is demanded.</summary>
    NotBound,

    /// <summary>Somebody in its chain, or its signer, is revoked or held.</summary>
    Revoked,

    /// <summary>Nobody can tell now whether they are: the feed is stale, or the keys cannot be had. Fail closed.</summary>
    CannotTell,
}

/// <summary>The outcome of <see cref="TokenVerifier.VerifyAsync"/>. Closed.</summary>
public abstract record TokenVerdict
{
    private TokenVerdict()
    {
    }

    public sealed record Accepted(AccessToken Token) : TokenVerdict;

    /// <param name="Detail">One sentence, safe to show.</param>
    public sealed record Refused(TokenRefusalKind Kind, string Detail) : TokenVerdict;
}
