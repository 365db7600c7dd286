using System.Collections.Immutable;
using AgentPki.Agents;
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

    /// <summary>What bounds an agent now: what its certificate says and what is registered of it, as far as there is either. Each holds.</summary>
    /// <exception cref="MalformedDataException">One of them cannot be read, and nobody knows what it bounds.</exception>
    public static ImmutableArray<AgentPolicy> BoundsOf(AgentRecord? agent, Certificate certificate, string oid) => [.. new[] { Of(certificate, oid), agent?.Registration.ReadPolicy() }.OfType<AgentPolicy>()];
}
