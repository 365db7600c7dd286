using AgentPki.X509.AccessTokens;

namespace AgentPki.Authority.OAuth;

/// <summary>What an authenticated client asks the token endpoint for.</summary>
/// <param name="Scopes">Scope tokens as they were sent (RFC 6749 §3.3); empty: what it may have by an exchange, else none.</param>
/// <param name="Resources">Where the token shall be used (RFC 8707 <c>resource</c>, RFC 8693 <c>audience</c>); empty: as the subject token, else at the issuer itself.</param>
/// <param name="SubjectToken">The token that is exchanged (RFC 8693 §2.1); null: client credentials (RFC 6749 §4.4).</param>
public sealed record TokenRequest(OAuthClient Client, IReadOnlyList<string> Scopes, IReadOnlyList<string> Resources, string? SubjectToken, string CorrelationId)
{
    internal string Grant => SubjectToken is null ? "client_credentials" : "token_exchange";
}

/// <summary>A token as it is handed out.</summary>
/// <param name="Text">The JWT.</param>
/// <param name="Content">What it says.</param>
public sealed record GrantedToken(string Text, AccessToken Content);
