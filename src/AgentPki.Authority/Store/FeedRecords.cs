namespace AgentPki.Authority.Store;

/// <summary>A statement of the revocation feed as it was signed.</summary>
/// <param name="Sequence">The event's epoch.</param>
/// <param name="Kind">For people.</param>
/// <param name="Jws">The compact JWS.</param>
/// <param name="Set">The set that it commits to; null: it names its certificates, or the set was not asked for.</param>
public sealed record FeedStatement(long Sequence, string Kind, string Jws, DateTimeOffset Signed, byte[]? Set);

/// <summary>A statement with its set.</summary>
public sealed record FeedSet(FeedStatement Statement, byte[] Set);

/// <summary>Reads what the revocation feed has said.</summary>
public interface IFeedStore
{
    /// <summary>The sequence of the newest statement; null: none is kept.</summary>
    ValueTask<long?> LastStatementAsync(CancellationToken cancellationToken);

    /// <summary>Statements after a sequence, rising, without their sets.</summary>
    ValueTask<IReadOnlyList<FeedStatement>> ListStatementsAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>The set of the statement of that sequence; null: it is not kept, or has none.</summary>
    ValueTask<FeedSet?> FindSetAsync(long sequence, CancellationToken cancellationToken);

    /// <summary>A signer's certificate and chain, by SHA-256 over the certificate, as a certs-only message; null: unknown.</summary>
    ValueTask<byte[]?> FindSignerAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken);
}
