using AgentPki.Authority.Revocation;
using AgentPki.Protocols.Http;

namespace AgentPki.Protocols.Ocsp;

/// <summary>Answers a DER OCSPRequest, errors included: <c>OcspService.RespondAsync</c>.</summary>
public delegate ValueTask<OcspAnswer> OcspDecision(ReadOnlyMemory<byte> request, CancellationToken cancellationToken);

/// <summary>What OCSP over HTTP needs of the rest of the appliance.</summary>
public sealed record OcspServices
{
    public required OcspDecision Respond { get; init; }

    public required ClientIdentity Clients { get; init; }

    /// <summary>The share of an address: a request with a nonce costs a token signature, and anybody may send it.</summary>
    public required RequestRates Rates { get; init; }

    public required OcspOptions Options { get; init; }

    public required TimeProvider Time { get; init; }
}
