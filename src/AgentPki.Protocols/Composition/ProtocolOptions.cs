using AgentPki.Protocols.Acme;
using AgentPki.Protocols.Est;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Ocsp;
using AgentPki.Protocols.Revocations;

namespace AgentPki.Protocols.Composition;

/// <summary>The settings of all protocols.</summary>
public sealed record ProtocolOptions
{
    public EstOptions Est { get; init; } = new();

    public OcspOptions Ocsp { get; init; } = new();

    public RevocationWireOptions Revocations { get; init; } = new();

    public AcmeWireOptions Acme { get; init; } = new();

    /// <summary>Shares of ACME clients: of an address before its request is verified, of an account's owner after (as <see cref="RequestRateOptions.Certificate"/>).</summary>
    public RequestRateOptions AcmeRates { get; init; } = new() { Address = new RequestShare(2000, 4000), Certificate = new RequestShare(2000, 4000), Credential = RequestShare.Unlimited };

    /// <summary>New ACME accounts of an address.</summary>
    public RequestShare AcmeAccountRate { get; init; } = new(10, 100);

    public ClientIdentityOptions Clients { get; init; } = new();

    /// <summary>Shares of clients that enrol.</summary>
    public RequestRateOptions EnrollmentRates { get; init; } = new();

    /// <summary>Share of an address that asks for certificate status.</summary>
    public RequestShare StatusRate { get; init; } = new(1000, 2000);

    /// <summary>Witnesses that must have cosigned a head of the ledger before it is served.</summary>
    public int LedgerQuorum { get; init; }
}
