using AgentPki.Agents;
using AgentPki.Authority.Delegation;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>What an agent may do by itself, at most: what its certificate says, and what the registry says now of it and of those above it, each of which holds. Where nothing is said of itself it has an identity and nothing else.</summary>
internal static class AgentBounds
{
    public static IReadOnlyList<AgentPolicy> Of(AgentRecord agent, AgentLine line, Certificate certificate, string policyOid) =>
        agent.Registration.Policy is null && PolicyReading.Of(certificate, policyOid) is null ? [AgentPolicy.Nothing] : PolicyReading.BoundsOf(line, certificate, policyOid);
}
