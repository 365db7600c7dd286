using System.Collections.Immutable;

namespace AgentPki.Ledger.Verification;

/// <summary>What a verification found.</summary>
/// <param name="Head">The log's state as computed from its entries.</param>
/// <param name="CheckpointsVerified">Checkpoints whose signature and head hold.</param>
/// <param name="CoveredSize">Entries covered by them. What lies beyond is only as good as the store: it can be cut off unnoticed.</param>
/// <param name="Erased">Entries whose details were erased, as other entries say.</param>
/// <param name="Certificates">Certificate records held against their entries.</param>
/// <param name="Restores">What restores lost, as the entries that began the next epoch say: known, not hidden, and still lost.</param>
/// <param name="Findings">The first findings, at most <see cref="LedgerVerifier.MaxFindings"/>.</param>
/// <param name="FindingCount">All of them.</param>
public sealed record LedgerVerification(
    LedgerHead Head,
    long CheckpointsVerified,
    long CoveredSize,
    long Erased,
    long Certificates,
    ImmutableArray<string> Restores,
    ImmutableArray<LedgerFinding> Findings,
    long FindingCount)
{
    /// <summary>Nothing is wrong.</summary>
    public bool IsIntact => FindingCount == 0;

    /// <summary>Entries covered by a head that enough witnesses have cosigned: what the log's own key cannot take back either.</summary>
    public long WitnessedSize { get; init; }

    /// <summary>Up to which size each witness that was named has cosigned.</summary>
    public IReadOnlyDictionary<string, long> WitnessedBy { get; init; } = ImmutableDictionary<string, long>.Empty;
}
