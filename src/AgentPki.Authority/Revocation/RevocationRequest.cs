using AgentPki.Agents;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Revocation;

/// <summary>What is to be revoked, held or released.</summary>
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
    /// <param name="WithDescendants">And of everything that it spawned.</param>
    public sealed record Agent(string AgentId, AgentState Then = AgentState.Suspended, bool WithDescendants = false) : RevocationTarget;

    /// <summary>Whatever meets the conditions and has not ended.</summary>
    /// <param name="Then">The state of the agents, where the conditions name agents alone.</param>
    public sealed record Selection(RevocationSelector Selector, AgentState Then = AgentState.Suspended) : RevocationTarget;
}

/// <summary>One revocation, however many certificates it takes.</summary>
/// <param name="Actor">Who revokes, as authenticated.</param>
/// <param name="IncludeAppliance">Must be true to revoke a certificate of the appliance itself (CA, OCSP, TLS): named by mistake, it stops everything.</param>
public sealed record RevocationRequest(RevocationTarget Target, RevocationReason Reason, string Actor, string Protocol, string CorrelationId, bool IncludeAppliance = false)
{
    /// <summary>Since when it was not to be trusted (RFC 5280 §5.3.2 invalidityDate); null: unknown.</summary>
    public DateTimeOffset? InvalidSince { get; init; }

    /// <summary>The response by rule that this is: an agent, with or without its descendants, and what is changed is noted as the response's. Null: somebody decided it.</summary>
    public string? Response { get; init; }

    /// <summary>How many certificates whoever asks has been shown and has confirmed; wanted above <see cref="AuthorityOptions.UnconfirmedRevocations"/>.</summary>
    public long? Confirmed { get; init; }
}

/// <summary>The end of a hold.</summary>
public sealed record ReleaseRequest(RevocationTarget Target, string Actor, string Protocol, string CorrelationId)
{
    /// <inheritdoc cref="RevocationRequest.Confirmed"/>
    public long? Confirmed { get; init; }
}

/// <summary>What a revocation did.</summary>
/// <param name="Revoked">Certificates revoked, held or released by it.</param>
/// <param name="AlreadyRevoked">Of one certificate, or one agent: those that were revoked before; their first time and reason stay.</param>
/// <param name="Epoch">The revocation epoch that contains all of them.</param>
/// <param name="Agents">Agents whose state followed.</param>
/// <param name="BlockedKeys">Keys that are not certified again.</param>
public sealed record RevocationResult(long Revoked, long AlreadyRevoked, long Epoch, long Agents = 0, long BlockedKeys = 0);
