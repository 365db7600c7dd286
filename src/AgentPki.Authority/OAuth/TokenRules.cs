using System.Diagnostics.CodeAnalysis;
using AgentPki.X509.AccessTokens;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.OAuth;

/// <summary>What a token may be for, at most. No I/O, no clock.</summary>
internal static class TokenRules
{
    /// <param name="bounds">What the client may do by itself, each of which holds.</param>
    /// <param name="subject">The token that is exchanged; null: none.</param>
    public static bool TryScope(IReadOnlyList<string> asked, IReadOnlyList<AgentPolicy> bounds, AccessToken? subject, [NotNullWhen(true)] out ScopeSet? scopes, [NotNullWhen(false)] out OAuthProblem? problem)
    {
        problem = null;
        try
        {
            // RFC 6749 §3.3: what is given without being asked for is said in the answer.
            scopes = asked.Count > 0 ? ScopeSet.Of(asked) : bounds.Aggregate(subject?.Scopes ?? ScopeSet.Nothing, (left, bound) => left.Intersect(bound.Scopes));
        }
        catch (FormatException malformed)
        {
            (scopes, problem) = (null, new OAuthProblem(OAuthErrorType.InvalidScope, $"the scope cannot be read: {malformed.Message}"));
            return false;
        }

        problem = subject?.Scopes.FindOutside(scopes) is not null ? new OAuthProblem(OAuthErrorType.InvalidScope, "the scope is more than the subject_token has; an exchange can only narrow it")
            : IsOutside(scopes, bounds) ? new OAuthProblem(OAuthErrorType.InvalidScope, "the scope is more than the agent has; its policy says what it has")
            : null;
        return problem is null;
    }

    private static bool IsOutside(ScopeSet scopes, IReadOnlyList<AgentPolicy> bounds) => bounds.Any(b => b.Scopes.FindOutside(scopes) is not null);

    /// <param name="isBound">Whether the client came with a certificate, to which its token can be bound.</param>
    public static bool TryAudience(IReadOnlyList<string> asked, OAuthOptions options, bool isBound, AccessToken? subject, [NotNullWhen(true)] out IReadOnlyList<string>? audience, [NotNullWhen(false)] out OAuthProblem? problem)
    {
        audience = asked.Count > 0 ? [.. asked.Distinct()] : subject?.Audience ?? [options.Issuer];
        var known = audience.Select(uri => uri == options.Issuer ? new OAuthResource(uri) : options.Resources.FirstOrDefault(r => r.Uri == uri)).ToList();
        problem = known.Contains(null) ? new OAuthProblem(OAuthErrorType.InvalidTarget, "the resource is not one that this server gives tokens for; oauth.resources in agentpki.yaml lists them")
            : subject is not null && audience.Except(subject.Audience).Any() ? new OAuthProblem(OAuthErrorType.InvalidTarget, "the subject_token is not for that resource; an exchange cannot change where a token is used")
            : !isBound && !known.All(r => r is { KnowsNoMtls: true }) ? new OAuthProblem(OAuthErrorType.InvalidTarget, "tokens for this resource are bound to a certificate (RFC 8705): come with the agent's certificate over TLS")
            : null;
        return problem is null;
    }
}
