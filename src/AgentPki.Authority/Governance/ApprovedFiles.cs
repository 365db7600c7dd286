using System.Security.Cryptography;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Ledger;

namespace AgentPki.Authority.Governance;

/// <summary>The files of the home (profiles) that serve only as they were approved.</summary>
public sealed class ApprovedFiles
{
    private readonly IGovernanceStore _store;
    private readonly CommitWriter _commits;
    private readonly TimeProvider _time;

    internal ApprovedFiles(IGovernanceStore store, CommitWriter commits, TimeProvider time) => (_store, _commits, _time) = (store, commits, time);

    public ValueTask<IReadOnlyList<ApprovedFile>> ListAsync(CancellationToken cancellationToken) => _store.ListApprovedFilesAsync(cancellationToken);

    /// <summary>From now on that file serves as it is here: an entry with its digest.</summary>
    public async ValueTask ApproveAsync(string name, byte[] text, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var entry = new LedgerEntry(LedgerEntryKind.FileApproved, now, actor, AuditDetails.Of(
            (AuditDetails.File, name), (AuditDetails.Digest, DigestOf(text)), (AuditDetails.Correlation, correlationId)));
        await _commits.CommitAsync(new CommitRequest(entry, [new StoreChange.ApproveFile(new ApprovedFile(name, text, now))]), cancellationToken);
    }

    /// <summary>What of the profiles is not as it was approved, in sentences; empty: it all is, or nothing was ever approved.</summary>
    /// <param name="files">The files as they lie there.</param>
    public static IReadOnlyList<string> Differences(IReadOnlyList<ApprovedFile> approved, IReadOnlyList<(string Name, byte[] Text)> files)
    {
        approved = [.. approved.Where(a => a.IsProfile)];
        if (approved.Count == 0)
        {
            return [];
        }

        var found = new List<string>();
        foreach (var (name, text) in files)
        {
            if (approved.FirstOrDefault(a => a.Name == name) is not { } known)
            {
                found.Add($"{name} was never approved");
            }
            else if (!known.Text.AsSpan().SequenceEqual(text))
            {
                found.Add($"{name} is not as it was approved (SHA-256 {DigestOf(text)}, approved is {DigestOf(known.Text)})");
            }
        }

        found.AddRange(approved.Where(a => files.All(f => f.Name != a.Name)).Select(a => $"{a.Name} was approved and is missing"));
        return found;
    }

    /// <summary>SHA-256, lower-case hexadecimal.</summary>
    public static string DigestOf(ReadOnlySpan<byte> text) => Convert.ToHexStringLower(SHA256.HashData(text));
}
