using AgentPki.X509;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.OAuth;

/// <summary>What an agent has by itself: the scopes in its certificate. Without the extension it has an identity and nothing else.</summary>
internal static class AgentScopes
{
    public static ScopeSet Of(OAuthClient client) =>
        client.Certificate.FindExtension(AgentPolicyDer.DefaultOid) is { } extension ? AgentPolicyDer.Parse(extension.Value).Scopes : ScopeSet.Nothing;
}
