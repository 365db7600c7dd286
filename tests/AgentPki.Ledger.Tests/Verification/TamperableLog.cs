using System.Runtime.CompilerServices;
using AgentPki.Ledger.Merkle;
using AgentPki.Ledger.Verification;

namespace AgentPki.Ledger.Tests.Verification;

/// <summary>A log and its records as lists that a test can do to what it likes: what somebody who writes the whole database can.</summary>
internal sealed class TamperableLog : ILedgerReader, IMerkleNodes, ILedgerEvidence
{
    public required LedgerHead Head { get; set; }

    public required List<LedgerRecord> Records { get; init; }

    public required List<string> Checkpoints { get; init; }

    public required List<CertificateEvidence> Certificates { get; init; }

    public required List<RevocationEvidence> Revocations { get; init; }

    /// <summary>Heads of complete subtrees of 256 entries.</summary>
    public required List<MerkleHash> Nodes { get; init; }

    public ValueTask<LedgerExtent> ExtentAsync(CancellationToken cancellationToken) => new(new LedgerExtent(Head.LogId, Head.Epoch, Head.Size));

    public IAsyncEnumerable<LedgerRecord> ReadAsync(long from, CancellationToken cancellationToken) => Stream(Records.Where(r => r.Leaf.Index >= from), cancellationToken);

    public IAsyncEnumerable<string> ReadCheckpointsAsync(CancellationToken cancellationToken) => Stream(Checkpoints, cancellationToken);

    public IAsyncEnumerable<CertificateEvidence> ReadCertificateEvidenceAsync(CancellationToken cancellationToken) => Stream(Certificates, cancellationToken);

    public IAsyncEnumerable<RevocationEvidence> ReadRevocationEvidenceAsync(CancellationToken cancellationToken) => Stream(Revocations, cancellationToken);

    public ValueTask<bool> IsRevokedAsync(string authority, string serialHex, CancellationToken cancellationToken) =>
        new(Revocations.Any(r => r.Authority == authority && r.SerialHex == serialHex));

    public ValueTask<IReadOnlyList<MerkleHash>> ReadHashesAsync(int level, long first, int count, CancellationToken cancellationToken) =>
        level == 8 && first + count <= Nodes.Count ? new(Nodes.GetRange((int)first, count)) : throw new InvalidDataException($"No hash of level {level} at {first}.");

    private static async IAsyncEnumerable<T> Stream<T>(IEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var item in items)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return item;
        }

        await Task.CompletedTask;
    }
}
