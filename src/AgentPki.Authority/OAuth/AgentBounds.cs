using AgentPki.Agents;
using AgentPki.Authority.Delegation;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>What an agent may do by itself, at most: what its certificate says and what the registry says now, both of which hold. Where neither says anything it has an identity and nothing else.</summary>
internal static class AgentBounds
{
    public static IReadOnlyList<AgentPolicy> Of(AgentRecord agent, Certificate certificate, string policyOid) =>
        PolicyReading.BoundsOf(agent, certificate, policyOid) is { IsEmpty: false } bounds ? bounds : [AgentPolicy.Nothing];
}
