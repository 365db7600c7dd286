using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Revocation.Lists;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Spiffe;

/// <summary>What verifies the agents of the trust domain: the roots above whatever issues to agents, and their CRLs.</summary>
public sealed class WorkloadBundles
{
    /// <summary>Octets of CRLs in one message: stock gRPC clients take 4 MiB altogether.</summary>
    public const int MostListOctets = 2 * 1024 * 1024;

    private readonly IssuerDirectory _issuers;
    private readonly ProfileCatalog _profiles;
    private readonly CertificateListService _lists;
    private readonly AuthorityOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private bool _tooLong;

    internal WorkloadBundles(IssuerDirectory issuers, ProfileCatalog profiles, CertificateListService lists, AuthorityOptions options, TimeProvider time, ILogger<WorkloadBundles> logger) =>
        (_issuers, _profiles, _lists, _options, _time, _logger) = (issuers, profiles, lists, options, time, logger);

    /// <summary>The trust domain's name, without <c>spiffe://</c>.</summary>
    public string TrustDomain => _options.TrustDomain;

    /// <summary>The roots (SPIFFE Trust Domain and Bundle §4.2), those of a succession that lasts included.</summary>
    public IReadOnlyList<Certificate> Roots() => [.. Distributed().Where(IsRoot).DistinctBy(c => Convert.ToHexString(c.Fingerprint()))];

    /// <summary>The complete CRLs of every CA above the agents, each with all revocations that were committed before the call; none when they are too long for a message.</summary>
    /// <exception cref="KeyUnavailableException">A new one is needed and the token cannot sign: an old one would say good of what is revoked.</exception>
    /// <exception cref="Store.StoreUnavailableException">A new one is needed and the store cannot be read or written.</exception>
    public async ValueTask<WorkloadLists> CertificateListsAsync(CancellationToken cancellationToken)
    {
        var all = new List<PublishedList>();
        foreach (var issuer in Authorities())
        {
            var shards = _options.CertificateListsOf(_issuers.LineageOf(issuer.Name)).Shards;
            foreach (var shard in Enumerable.Range(0, shards > 1 ? shards + 1 : 1))
            {
                if (await FindAsync(issuer, shard, cancellationToken) is { } list)
                {
                    all.Add(list);
                }
            }
        }

        var octets = all.Sum(l => l.Record.Length);
        if (octets <= MostListOctets)
        {
            _tooLong = false;
            return new WorkloadLists(all);
        }

        if (!_tooLong)
        {
            Log.ListsTooLong(_logger, octets);
        }

        _tooLong = true;
        return new WorkloadLists([]);
    }

    // The issuing CAs, and what is above them up to the root; of a succession that lasts those of both sides: whoever believes a root's agents must hear who of them is revoked.
    private IEnumerable<Issuer> Authorities() => Distributed().Select(c => _issuers.All.FirstOrDefault(i => i.Certificate.Der.Span.SequenceEqual(c.Der.Span))).OfType<Issuer>().Distinct();

    private IEnumerable<Certificate> Distributed()
    {
        var now = _time.GetUtcNow();
        return _profiles.All.Where(p => p.Use == ProfileUse.Agent).SelectMany(p => _issuers.DistributionFor(p, now));
    }

    // Of a root that lies in a safe the CRL is installed by a ceremony, or there is none yet.
    private async ValueTask<PublishedList?> FindAsync(Issuer issuer, int shard, CancellationToken cancellationToken)
    {
        try
        {
            return await _lists.CurrentAsync(new CertificateListScope(issuer.Name, shard), cancellationToken);
        }
        catch (KeyUnavailableException) when (issuer.IsElsewhere)
        {
            return null;
        }
    }

    // A roll-over certificate has its own name as issuer too, and another key.
    private static bool IsRoot(Certificate certificate) => certificate.Subject.Equals(certificate.Issuer)
        && (certificate.AuthorityKeyIdentifier.IsEmpty || certificate.AuthorityKeyIdentifier.Span.SequenceEqual(certificate.SubjectKeyIdentifier.Span));
}
