using System.Collections.Immutable;
using AgentPki.Authority.Audit;
using AgentPki.Ledger;

namespace AgentPki.Authority.Spiffe;

/// <summary>The entries in force. Others take their place as a whole, after the ledger has heard of it.</summary>
public sealed class WorkloadDirectory
{
    private readonly AuditTrail _audit;
    private volatile Loaded _loaded = new([], "");

    internal WorkloadDirectory(AuditTrail audit) => _audit = audit;

    /// <summary>In the file's order.</summary>
    public ImmutableArray<WorkloadEntry> Entries => _loaded.Entries;

    /// <summary>SHA-256 over the file that they came from, hexadecimal; empty before the first.</summary>
    public string Digest => _loaded.Digest;

    /// <summary>From now on these are the entries.</summary>
    /// <param name="digest">SHA-256 over their file, hexadecimal.</param>
    /// <exception cref="Store.StoreUnavailableException">The ledger cannot be written: the old ones stay.</exception>
    public async ValueTask ReplaceAsync(ImmutableArray<WorkloadEntry> entries, string digest, CancellationToken cancellationToken)
    {
        if (digest == Digest)
        {
            return;
        }

        await _audit.RecordAsync(
            LedgerEntryKind.WorkloadEntriesChanged,
            AuditTrail.Appliance,
            AuditDetails.Of((AuditDetails.Digest, digest), (AuditDetails.Total, $"{entries.Length}")),
            cancellationToken);
        _loaded = new Loaded(entries, digest);
    }

    /// <summary>The entries of a process of which these are true.</summary>
    public ImmutableArray<WorkloadEntry> Match(IReadOnlySet<WorkloadSelector> workload) => [.. Entries.Where(e => e.Matches(workload))];

    private sealed record Loaded(ImmutableArray<WorkloadEntry> Entries, string Digest);
}
