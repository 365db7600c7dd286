using AgentPki.Authority.Revocation.Lists;
using AgentPki.X509.Certificates;

namespace AgentPki.Protocols.CertificateLists;

/// <summary>The CRL of that scope as of now, or null when there is no such CA or shard, or it makes no deltas: <c>CertificateListService.CurrentAsync</c>.</summary>
public delegate ValueTask<PublishedList?> CurrentCertificateList(CertificateListScope scope, CancellationToken cancellationToken);

/// <summary>A CA's own certificate first, its root's last. Empty when there is no such CA.</summary>
/// <param name="authority">The CA's name, as profiles name their issuer.</param>
public delegate IReadOnlyList<Certificate> AuthorityChain(string authority);

/// <summary>What publishing CRLs and CA certificates needs of the rest of the appliance.</summary>
public sealed record CertificateListServices
{
    public required CurrentCertificateList Current { get; init; }

    public required AuthorityChain Chain { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>How long an HTTP cache may keep a CRL, if it does not end before. A revocation makes a new CRL at once.</summary>
    public TimeSpan CacheLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an HTTP cache may keep a CA's certificate.</summary>
    public TimeSpan CertificateCacheLifetime { get; init; } = TimeSpan.FromDays(1);
}
