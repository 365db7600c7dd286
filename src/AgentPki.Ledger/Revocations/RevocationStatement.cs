using System.Diagnostics.CodeAnalysis;

namespace AgentPki.Ledger.Revocations;

/// <summary>A certificate that a statement names.</summary>
/// <param name="Authority">Place in <see cref="RevocationStatement.Authorities"/> of its issuer's key identifier.</param>
/// <param name="Serial">Content octets of its serial number.</param>
public sealed record StatedCertificate(int Authority, ReadOnlyMemory<byte> Serial);

/// <summary>A set that a statement commits to, and where it is.</summary>
/// <param name="Name">Its last path segment: <c>/revocations/sets/{name}</c>.</param>
public sealed record StatedSet(string Name, RevocationSetCommitment Commitment);

/// <summary>
/// What the revocation feed says (docs/revocation-feed.md): the payload of a compact JWS (RFC 7515 §7.1) of type <see cref="JwsType"/>, signed by the feed's own key.
/// </summary>
/// <param name="Feed">Which feed: the ledger's id and epoch, <c>id/epoch</c>. Another one begins when an appliance was restored from a backup, and everything known is to be fetched anew.</param>
/// <param name="Sequence">The revocation epoch: of an event its own, of the others the last one that they include.</param>
/// <param name="Signed">When it was signed, in milliseconds.</param>
/// <param name="Authorities">Key identifiers of the CAs whose certificates the feed speaks of. It says nothing of any other's.</param>
public abstract record RevocationStatement(string Feed, long Sequence, DateTimeOffset Signed, IReadOnlyList<ReadOnlyMemory<byte>> Authorities)
{
    /// <summary><c>typ</c> of its JWS (RFC 8725 §3.11).</summary>
    public const string JwsType = "agentpki-revocation-statement";

    /// <summary>Certificates that an event names one by one; of more it has a set.</summary>
    public const int MaximumNamed = 64;

    /// <summary>UTF-8 JSON.</summary>
    public byte[] Encode() => StatementJson.Write(this);

    /// <summary>Reads a payload whose signature was verified.</summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, [NotNullWhen(true)] out RevocationStatement? statement, [NotNullWhen(false)] out string? error) =>
        StatementJson.TryRead(payload, out statement, out error);
}

/// <summary>One revocation, hold or release of one certificate or many.</summary>
/// <param name="IsRelease">The certificates are good again; else they are revoked, or held where the reason is 6.</param>
/// <param name="Reason">RFC 5280 §5.3.1 CRLReason.</param>
/// <param name="Time">When it was committed, in milliseconds.</param>
/// <param name="Count">Certificates it speaks of. One that a later event speaks of may be left out here.</param>
/// <param name="Certificates">Empty when there is a set.</param>
/// <param name="Set">Null when the certificates are named.</param>
public sealed record RevocationEventStatement(
    string Feed,
    long Sequence,
    DateTimeOffset Signed,
    IReadOnlyList<ReadOnlyMemory<byte>> Authorities,
    bool IsRelease,
    int Reason,
    DateTimeOffset Time,
    long Count,
    IReadOnlyList<StatedCertificate> Certificates,
    StatedSet? Set) : RevocationStatement(Feed, Sequence, Signed, Authorities)
{
    /// <summary>CRLReason certificateHold.</summary>
    public const int Hold = 6;

    public bool IsHold => !IsRelease && Reason == Hold;
}

/// <summary>Nothing more than <see cref="RevocationStatement.Sequence"/> had happened at <see cref="RevocationStatement.Signed"/>.</summary>
public sealed record HeartbeatStatement(string Feed, long Sequence, DateTimeOffset Signed, IReadOnlyList<ReadOnlyMemory<byte>> Authorities)
    : RevocationStatement(Feed, Sequence, Signed, Authorities);

/// <summary>All certificates that are revoked or held as of <see cref="RevocationStatement.Sequence"/> and had not ended when it was made.</summary>
public sealed record SnapshotStatement(string Feed, long Sequence, DateTimeOffset Signed, IReadOnlyList<ReadOnlyMemory<byte>> Authorities, StatedSet Set)
    : RevocationStatement(Feed, Sequence, Signed, Authorities);
