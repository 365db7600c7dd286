using System.Runtime.CompilerServices;
using AgentPki.Ledger.Merkle;

namespace AgentPki.Ledger.Verification;

/// <summary>
/// Entries with what their verification costs most, computed by other threads while the next ones are read: the leaf's hash, and whether the details are what it commits to.
/// Order and one consistent state are the reader's.
/// </summary>
internal static class HashedEntries
{
    private const int ChunkSize = 2048;

    /// <summary>Chunks that are read ahead, at most: a few MB.</summary>
    private const int Ahead = 4;

    public static async IAsyncEnumerable<(LedgerRecord Record, MerkleHash LeafHash, bool Matches)> ReadAsync(ILedgerReader log, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hashing = new Queue<Task<Chunk>>();
        var records = new List<LedgerRecord>(ChunkSize);
        await using var entries = log.ReadAsync(0, cancellationToken).GetAsyncEnumerator(cancellationToken);
        for (var more = true; more || hashing.Count > 0;)
        {
            while (more && hashing.Count < Ahead)
            {
                while (records.Count < ChunkSize && (more = await entries.MoveNextAsync()))
                {
                    records.Add(entries.Current);
                }

                hashing.Enqueue(HashAsync(records, cancellationToken));
                records = new List<LedgerRecord>(ChunkSize);
            }

            var chunk = await hashing.Dequeue();
            for (var i = 0; i < chunk.Records.Count; i++)
            {
                yield return (chunk.Records[i], chunk.LeafHashes[i], chunk.Matches[i]);
            }
        }
    }

    private static Task<Chunk> HashAsync(List<LedgerRecord> records, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var chunk = new Chunk(records, new MerkleHash[records.Count], new bool[records.Count]);
            for (var i = 0; i < records.Count; i++)
            {
                (chunk.LeafHashes[i], chunk.Matches[i]) = (records[i].Leaf.Hash(), records[i].MatchesCommitment);
            }

            return chunk;
        },
        cancellationToken);

    private sealed record Chunk(List<LedgerRecord> Records, MerkleHash[] LeafHashes, bool[] Matches);
}
