using AgentPki.Agents;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>What an agent may do by itself, at most: what its certificate says. Without the extension it has an identity and nothing else.</summary>
internal static class AgentPolicySource
{
    public static AgentPolicy Of(AgentRecord agent, Certificate certificate) =>
        certificate.FindExtension(AgentPolicyDer.DefaultOid) is { } extension ? AgentPolicyDer.Parse(extension.Value) : AgentPolicy.Nothing;
}
