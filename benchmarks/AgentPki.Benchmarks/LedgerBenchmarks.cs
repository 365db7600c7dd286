using AgentPki.Ledger;
using AgentPki.Ledger.Merkle;
using BenchmarkDotNet.Attributes;

namespace AgentPki.Benchmarks;

/// <summary>The ledger's arithmetic, without the store: commitment and leaf hash, and the tree's growth.</summary>
public class LedgerBenchmarks
{
    private readonly LogId _log = LogId.Generate();
    private readonly byte[] _salt = new byte[LedgerCommitment.SaltSize];
    private readonly byte[] _details = new byte[400];
    private readonly MerkleFrontier _frontier = new();
    private MerkleHash _leaf;

    [Benchmark]
    public MerkleHash CommitAndHashLeaf() => _leaf = new LedgerLeaf(
        _log, 1, 1, 1, LedgerEntryKind.CertificateIssued,
        LedgerCommitment.Compute(_salt, _log, 1, 1, 1, LedgerEntryKind.CertificateIssued, _details)).Hash();

    [Benchmark]
    public void AppendToTree() => _frontier.Append(_leaf, static (_, _, _) => { });
}
