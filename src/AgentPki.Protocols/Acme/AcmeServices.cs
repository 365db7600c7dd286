using AgentPki.Authority.Acme;
using AgentPki.Authority.Audit;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Jws;
using AgentPki.Protocols.Acme.Nonces;
using AgentPki.Protocols.Http;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Acme;

/// <summary>What ACME needs of the rest.</summary>
public sealed class AcmeServices
{
    public required AcmeAuthority Authority { get; init; }

    /// <summary>Records a refusal in the ledger.</summary>
    public required Func<Refusal, CancellationToken, ValueTask> Refuse { get; init; }

    public required AcmeNonces Nonces { get; init; }

    public required AcmeRequestReader Requests { get; init; }

    public required CryptoProviders Providers { get; init; }

    public required ClientIdentity Clients { get; init; }

    /// <summary>Shares by address before a request is verified, and by the account's owner after.</summary>
    public required RequestRates Rates { get; init; }

    /// <summary>Shares by address of new accounts: each is a row and a leaf for good.</summary>
    public required RequestRates NewAccountRates { get; init; }

    public required AcmeWireOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    public required ILogger Logger { get; init; }
}

/// <summary>Limits of the wire; what the service does is <see cref="AcmeOptions"/>.</summary>
public sealed record AcmeWireOptions
{
    /// <summary>Octets of a request at most: an SLH-DSA request in base64url within a JWS.</summary>
    public int MaximumBody { get; init; } = 256 * 1024;

    /// <summary>How long a body may take.</summary>
    public TimeSpan BodyDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Orders on one page of an account's list.</summary>
    public int OrdersPerPage { get; init; } = 100;

    /// <summary>This node's nonces.</summary>
    public AcmeNonceOptions Nonces { get; init; } = new();

    /// <exception cref="ArgumentException">With the option and what would be right.</exception>
    public void Validate()
    {
        if (MaximumBody < 16 * 1024 || BodyDeadline <= TimeSpan.Zero || OrdersPerPage is < 1 or > 1000)
        {
            throw new ArgumentException("Acme: MaximumBody is at least 16384, BodyDeadline positive, OrdersPerPage 1 to 1000.");
        }
    }
}
