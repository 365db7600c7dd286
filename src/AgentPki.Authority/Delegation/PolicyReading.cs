using System.Collections.Immutable;
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

    /// <summary>What bounds an agent now: what its certificate says, and what is registered of it and of those above it, as far as there is any. Each holds.</summary>
    /// <exception cref="MalformedDataException">What the certificate says cannot be read, and nobody knows what it bounds.</exception>
    public static ImmutableArray<AgentPolicy> BoundsOf(AgentLine? line, Certificate certificate, string oid) => Of(certificate, oid) is { } certified ? [certified, .. line?.Bounds ?? []] : line?.Bounds ?? [];
}
