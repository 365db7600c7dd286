using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Revocation;

/// <summary>What is to be revoked.</summary>
public abstract record RevocationTarget
{
    private RevocationTarget()
    {
    }

    /// <param name="Number">The serialNumber's content octets.</param>
    public sealed record Serial(string Authority, ReadOnlyMemory<byte> Number) : RevocationTarget;

    /// <summary>The certificate itself, which must be one of ours, octet by octet.</summary>
    public sealed record OneCertificate(Certificate Certificate) : RevocationTarget;

    /// <summary>Every certificate of an agent that is still good.</summary>
    /// <param name="Then">The state the agent is left in; suspended unless told otherwise, or it could enrol again at once.</param>
    public sealed record Agent(string AgentId, AgentState Then = AgentState.Suspended) : RevocationTarget;
}

/// <summary>One revocation.</summary>
/// <param name="Actor">Who revokes, as authenticated.</param>
/// <param name="IncludeAppliance">Must be true to revoke a certificate of the appliance itself (CA, OCSP, TLS): named by mistake, it stops everything.</param>
public sealed record RevocationRequest(RevocationTarget Target, RevocationReason Reason, string Actor, string Protocol, string CorrelationId, bool IncludeAppliance = false);

/// <summary>What a revocation did.</summary>
/// <param name="Revoked">Certificates revoked by it.</param>
/// <param name="AlreadyRevoked">Certificates that were revoked before; their first time and reason stay.</param>
/// <param name="Epoch">The revocation epoch that contains all of them.</param>
public sealed record RevocationResult(int Revoked, int AlreadyRevoked, long Epoch);
