using AgentPki.Agents;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>What an agent has by itself: the scopes in its certificate. Without the extension it has an identity and nothing else.</summary>
internal static class AgentScopes
{
    public static ScopeSet Of(AgentRecord agent, Certificate certificate) =>
        certificate.FindExtension(AgentPolicyDer.DefaultOid) is { } extension ? AgentPolicyDer.Parse(extension.Value).Scopes : ScopeSet.Nothing;
}
