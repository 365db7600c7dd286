using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

/// <summary>The ledger's tables as the tree and the verifier see them.</summary>
internal static class LedgerReads
{
    /// <summary>The columns that <see cref="Record"/> reads.</summary>
    public const string Columns = "leaf, epoch, time, kind, commitment, salt, details";

    public static LedgerRecord Record(SqlStatement row, LogId logId) =>
        new(Leaf(row, logId), row.GetBlobOrNull(5) is { } salt ? (ReadOnlyMemory<byte>?)salt : null, row.GetBlobOrNull(6) is { } details ? (ReadOnlyMemory<byte>?)details : null);

    /// <summary>The tree over the first <paramref name="size"/> entries.</summary>
    /// <exception cref="InvalidDataException">An entry or a stored hash is missing.</exception>
    public static MerkleFrontier Frontier(SqlSession session, LogId logId, long size)
    {
        // The nodes of a session are read at once: this never waits.
        var frontier = new MerkleProver(new SessionNodes(session, logId)).FrontierAsync(size, CancellationToken.None);
        return frontier.IsCompletedSuccessfully ? frontier.Result : frontier.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>See <see cref="IMerkleNodes.ReadHashesAsync"/>.</summary>
    public static MerkleHash[] Hashes(SqlSession session, LogId logId, int level, long first, int count)
    {
        var rows = level == 0
            ? session.Prepared("SELECT leaf, epoch, time, kind, commitment FROM ledger WHERE leaf >= ?1 AND leaf < ?2 ORDER BY leaf").Bind(1, first).Bind(2, first + count)
            : session.Prepared("SELECT position, hash FROM merkle_nodes WHERE level = ?3 AND position >= ?1 AND position < ?2 ORDER BY position").Bind(1, first).Bind(2, first + count).Bind(3, (long)level);
        var hashes = new MerkleHash[count];
        var read = 0;
        while (rows.Read())
        {
            if (rows.GetInt64(0) != first + read)
            {
                break;
            }

            hashes[read++] = level == 0 ? Leaf(rows, logId).Hash() : HashOrZero(rows.GetSpan(1));
        }

        rows.Reset();
        return read == count ? hashes : throw new InvalidDataException($"{(level == 0 ? "Entry" : $"The tree hash of level {level} at")} {first + read} is missing.");
    }

    private static LedgerLeaf Leaf(SqlStatement row, LogId logId) =>
        new(logId, row.GetInt64(1), row.GetInt64(0), row.GetInt64(2), (LedgerEntryKind)(ushort)row.GetInt64(3), HashOrZero(row.GetSpan(4)));

    // What has another length was tampered with; zeros match nothing, and the verifier then names the entry.
    private static MerkleHash HashOrZero(ReadOnlySpan<byte> octets) => octets.Length == MerkleHash.Size ? new MerkleHash(octets) : default;

    private sealed class SessionNodes(SqlSession session, LogId logId) : IMerkleNodes
    {
        public ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken) =>
            new(Hashes(session, logId, level, first, count));
    }
}
