using AgentPki.X509;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Delegation;

/// <summary>The policies that certificates carry and that the registry keeps: octets of this appliance's own making, read back.</summary>
internal static class PolicyReading
{
    /// <summary>What a certificate says its agent may do at most; null: nothing.</summary>
    /// <exception cref="MalformedDataException">This appliance issued it, so this is a defect.</exception>
    public static AgentPolicy? Of(Certificate certificate, string oid) => certificate.FindExtension(oid) is { } extension ? AgentPolicyDer.Parse(extension.Value) : null;

    /// <summary>What is registered of an agent; null: nothing.</summary>
    public static AgentPolicy? Of(Agents.AgentRecord agent) => agent.Registration.Policy is { } policy ? AgentPolicyDer.Parse(policy) : null;
}
