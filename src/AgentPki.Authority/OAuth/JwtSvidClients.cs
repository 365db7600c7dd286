using AgentPki.Authority.Spiffe;

namespace AgentPki.Authority.OAuth;

/// <summary>
/// Reads the JWT-SVIDs that clients authenticate with (draft-ietf-oauth-spiffe-client-auth §3.1). Only this trust domain's: the clients are the appliance's agents, and those of foreign trust domains are none.
/// One is not good once: a JWT-SVID needs no <c>jti</c>, and the Workload API gives the same one to every process of an entry until half of its life is over.
/// </summary>
internal sealed class JwtSvidClients(JwtSvids svids, string trustDomain, OAuthOptions options)
{
    /// <summary>draft-ietf-oauth-spiffe-client-auth §3.1.</summary>
    public const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";

    /// <summary>The SPIFFE ID of the agent that it names, or what is wrong with it.</summary>
    public async ValueTask<(string? Agent, string? Wrong)> IdentifyAsync(string text, string? clientId, CancellationToken cancellationToken)
    {
        var (claims, problem) = await svids.ValidateAsync(text, options.Issuer, trustDomain, KeysOfAsync, cancellationToken);
        return claims is null ? (null, $"the JWT-SVID is not good: {problem} (what is wanted: one of this trust domain, of now, whose only audience is {options.Issuer})")
            // §3.1, 3: whoever it is for too could use it here.
            : claims.Audiences is not [_] ? (null, $"the JWT-SVID is for others too; its only aud must be {options.Issuer}")
            : claims.Subject.ToString() != clientId ? (null, "client_id must be there and be the SPIFFE ID in the JWT-SVID's sub")
            : (clientId, null);
    }

    private async ValueTask<IReadOnlyList<NamedKey>?> KeysOfAsync(string domain, CancellationToken cancellationToken) => domain == trustDomain ? await svids.VerifiersAsync(cancellationToken) : null;
}
