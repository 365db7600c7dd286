using AgentPki.Agents;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.OAuth;

/// <summary>What an agent may do by itself, at most: what its certificate says and what the registry says now, both of which hold. Where neither says anything it has an identity and nothing else.</summary>
internal static class AgentBounds
{
    public static IReadOnlyList<AgentPolicy> Of(AgentRecord agent, Certificate certificate)
    {
        var bounds = new List<AgentPolicy>(2);
        if (certificate.FindExtension(AgentPolicyDer.DefaultOid) is { } extension)
        {
            bounds.Add(AgentPolicyDer.Parse(extension.Value));
        }

        if (agent.Registration.Policy is { } registered)
        {
            bounds.Add(AgentPolicyDer.Parse(registered));
        }

        return bounds.Count > 0 ? bounds : [AgentPolicy.Nothing];
    }
}
