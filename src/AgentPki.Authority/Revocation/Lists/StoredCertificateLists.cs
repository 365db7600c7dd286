using AgentPki.Authority.Store;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Revocation.Lists;

/// <summary>The CRLs that are there already, for an appliance that cannot sign now. One that has ended, or lacks a revocation that was committed since, is not given out.</summary>
/// <param name="whyNoOther">Why none can be signed, in one sentence.</param>
public sealed class StoredCertificateLists(ICertificateListStore lists, CertificateListFolder folder, Func<string> whyNoOther, TimeProvider time)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(30);

    /// <summary>The last CRL of that scope; null when there never was one.</summary>
    /// <exception cref="KeyUnavailableException">A new one is needed.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<PublishedList?> CurrentAsync(CertificateListScope scope, CancellationToken cancellationToken)
    {
        if (await lists.LatestAsync(scope.Authority, scope.Shard, scope.IsDelta, cancellationToken) is not { } record)
        {
            return null;
        }

        return record.NextUpdate > time.GetUtcNow() && !await lists.HasChangedAsync(scope.Authority, scope.Shard, record.Epoch, cancellationToken) && folder.Open(record) is { } found
            ? found
            : throw new KeyUnavailableException($"The CRL of '{scope.Authority}' must be signed anew, which cannot be done now: {whyNoOther()}.", Retry);
    }
}
