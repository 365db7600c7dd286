using System.Security.Cryptography;
using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Commit;

/// <summary>Gives entries their place: leaf, commitment, tree. Works on a copy of the tree until the transaction is committed.</summary>
internal sealed class LedgerAppender
{
    private readonly SqlSession _session;
    private readonly LogId _logId;
    private readonly Action<int, long, MerkleHash> _keepNode;
    private MerkleFrontier _frontier = new();

    public LedgerAppender(SqlSession session, LogId logId) => (_session, _logId, _keepNode) = (session, logId, KeepNode);

    /// <summary>Number of entries, those of the open transaction included.</summary>
    public long Size => _frontier.Size;

    /// <summary>The epoch of the last entry.</summary>
    public long Epoch { get; private set; } = 1;

    /// <summary>The tree so far; later appends go to a copy, so that it never changes under its reader.</summary>
    public MerkleFrontier Frontier => _frontier;

    /// <summary>Continues from a known state: at the begin of a transaction, and again when it is rolled back.</summary>
    public void Reset(MerkleFrontier frontier, long epoch) => (_frontier, Epoch) = (new MerkleFrontier(frontier), epoch);

    /// <summary>Appends one entry. Cannot meet a conflict.</summary>
    public void Append(LedgerEntry entry, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> details)
    {
        var index = _frontier.Size;
        Epoch += entry.Kind == LedgerEntryKind.EpochStarted && index > 0 ? 1 : 0;
        var time = entry.Time.ToUnixTimeMilliseconds();
        var commitment = LedgerCommitment.Compute(salt, _logId, Epoch, index, time, entry.Kind, details);
        _session.Prepared("INSERT INTO ledger (leaf, epoch, time, kind, commitment, salt, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .Bind(1, index).Bind(2, Epoch).Bind(3, time).Bind(4, (long)entry.Kind).Bind(5, MerkleHash.AsSpan(ref commitment)).Bind(6, salt).Bind(7, details).Execute();
        _frontier.Append(new LedgerLeaf(_logId, Epoch, index, time, entry.Kind, commitment).Hash(), _keepNode);
    }

    /// <summary>Fresh salts for a batch in one call.</summary>
    public static byte[] Salts(int count) => RandomNumberGenerator.GetBytes(count * LedgerCommitment.SaltSize);

    private void KeepNode(int level, long position, MerkleHash hash)
    {
        if (level % MerkleProver.LevelStep == 0)
        {
            _session.Prepared("INSERT INTO merkle_nodes (level, position, hash) VALUES (?1, ?2, ?3)").Bind(1, (long)level).Bind(2, position).Bind(3, MerkleHash.AsSpan(ref hash)).Execute();
        }
    }
}
