using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;

namespace AgentPki.Protocols.Acme.Jws;

/// <summary>An account as a request's key is looked up.</summary>
/// <param name="AccountId">The account's own id, whatever its URL.</param>
/// <param name="Key">Its current key.</param>
public sealed record AcmeAccountKey(string AccountId, PublicKey Key);

/// <summary>Finds the account that a <c>kid</c> names; null when there is none. Whether the account may still do anything is the handler's question.</summary>
/// <param name="accountUrl">What the client sent: any text of up to 2,048 octets.</param>
public delegate ValueTask<AcmeAccountKey?> AcmeKeyLookup(string accountUrl, CancellationToken cancellationToken);

/// <summary>A request whose signature was verified (RFC 8555 §6.2), whose nonce was redeemed (§6.5) and whose URL is the one it was sent to (§6.4).</summary>
/// <param name="Payload">The decoded payload; empty in a POST-as-GET (§6.3).</param>
/// <param name="Url">The URL that was signed.</param>
/// <param name="Algorithm">How it was signed.</param>
/// <param name="Key">The key that verified it.</param>
public sealed record AcmeRequest(ReadOnlyMemory<byte> Payload, string Url, JwsAlgorithm Algorithm, PublicKey Key)
{
    /// <summary>Whether nothing but the resource is asked for (§6.3): an empty payload, not an empty object.</summary>
    public bool IsPostAsGet => Payload.IsEmpty;

    /// <summary>The account whose key it is; null when the request carries its key itself.</summary>
    public string? AccountId { get; init; }

    /// <summary>The <c>kid</c>; null when the request carries its key itself.</summary>
    public string? AccountUrl { get; init; }

    /// <summary>The <c>jwk</c>; null when the request names an account.</summary>
    public Jwk? Jwk { get; init; }
}

/// <summary>Why a request was refused, before any handler saw it.</summary>
/// <param name="Detail">One sentence with the remedy.</param>
public sealed record AcmeRequestError(AcmeErrorType Type, string Detail)
{
    /// <summary>The HTTP status where it is not that of <see cref="Type"/>: 415, 413.</summary>
    public int? Status { get; init; }

    /// <summary>For <see cref="AcmeErrorType.BadSignatureAlgorithm"/>: the problem's <c>algorithms</c> (RFC 8555 §6.2).</summary>
    public IReadOnlyList<string> Algorithms { get; init; } = [];
}

/// <summary>A verified request, or why there is none.</summary>
public abstract record AcmeRequestResult
{
    private AcmeRequestResult()
    {
    }

    public sealed record Verified(AcmeRequest Request) : AcmeRequestResult;

    public sealed record Refused(AcmeRequestError Error) : AcmeRequestResult;
}
