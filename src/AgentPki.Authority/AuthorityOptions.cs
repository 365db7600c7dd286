using AgentPki.Authority.Ceremony;
using AgentPki.Cryptography;
using AgentPki.X509.Keys;

namespace AgentPki.Authority;

/// <summary>What the authority needs to know of its surroundings. Validated by <see cref="Validate"/> before anything starts.</summary>
public sealed record AuthorityOptions
{
    /// <summary>The SPIFFE trust domain of every agent named here.</summary>
    public required string TrustDomain { get; init; }

    /// <summary>Where relying parties reach AIA, CRL and OCSP, without a slash at the end: <c>http://host:port</c>.</summary>
    public required string PublicUrl { get; init; }

    /// <summary>
    /// The log's epoch: 1, and one more with each restore. Serial numbers carry it and CRL numbers begin above all of an earlier one, so that nothing comes again that a restore
    /// may have lost. Taken from the store by whoever opens it, never configured.
    /// </summary>
    public long Epoch { get; init; } = 1;

    /// <summary>How long a CRL is good for; a new one is signed when half of it has passed, and after every revocation.</summary>
    public TimeSpan CertificateListValidity { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How the CAs that differ from <see cref="CertificateListSettings.Default"/> publish their CRLs, by the name that profiles know them by.</summary>
    public IReadOnlyDictionary<string, CertificateListSettings> CertificateLists { get; init; } = new Dictionary<string, CertificateListSettings>();

    /// <summary>Whether OCSP answers name their responder by its name; otherwise by its key (RFC 6960 §4.2.1), which is shorter.</summary>
    public bool OcspResponderByName { get; init; }

    /// <summary>How long an OCSP answer is good for; what was signed before a revocation is bounded by it.</summary>
    public TimeSpan OcspValidity { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Certificates that one revocation may take without a confirmation of their number.</summary>
    public int UnconfirmedRevocations { get; init; } = 100;

    /// <summary>OCSP answers kept in memory at most.</summary>
    public int OcspCacheEntries { get; init; } = 50_000;

    /// <summary>When a client whose request waits for a person should ask again.</summary>
    public TimeSpan ApprovalRetryAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request waits for a person.</summary>
    public TimeSpan ApprovalLifetime { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long what an administrator asked for waits for a second person.</summary>
    public TimeSpan AdminRequestLifetime { get; init; } = TimeSpan.FromDays(3);

    /// <summary>Requests of strangers that may wait at one time: storage they can make the appliance spend.</summary>
    public int ParkedStrangers { get; init; } = 100;

    /// <summary>Requests of one authenticated requester that may wait at one time.</summary>
    public int ParkedPerRequester { get; init; } = 1000;

    /// <summary>How long refusals of strangers are gathered before they become one ledger entry.</summary>
    public TimeSpan RefusalInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The shortest time between two checkpoints.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The shortest time between two heads that get the second signature and are shown to witnesses.</summary>
    public TimeSpan WitnessInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Public keys that are certified for nobody: those printed in standards, and what an operator adds (<c>KnownKeys.Read</c>).</summary>
    public KnownKeys KnownKeys { get; init; } = KnownKeys.BuiltIn;

    /// <summary>Where the appliance's own keys may be made.</summary>
    public KeyPlacement KeyPlacement { get; init; } = KeyPlacement.TokenOnly;

    /// <summary>How often CRLs and OCSP responders are looked at.</summary>
    public TimeSpan MaintenanceInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a relatedCertRequest is taken after it was signed (RFC 9763 §3.2).</summary>
    public TimeSpan RelatedRequestLifetime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>CAs of others whose certificates may be named as related ones; those of this appliance always may.</summary>
    public IReadOnlyList<X509.Certificates.Certificate> RelatedAnchors { get; init; } = [];

    /// <summary>
    /// Why the platform's TLS accepts no certificate that a CA with such a key signed, as a sentence without its full stop; null: it accepts them. HTTPS then stays with
    /// the last CA of its line that it does accept (docs/adr/0008).
    /// </summary>
    public Func<KeyAlgorithm, string?> WhyNotInTls { get; init; } = static _ => null;

    public Commit.CommitWriterOptions Commit { get; init; } = new();

    public Revocation.Feed.FeedOptions Feed { get; init; } = new();

    public Acme.AcmeOptions Acme { get; init; } = new();

    /// <summary>Access tokens; null: none are given.</summary>
    public OAuth.OAuthOptions? OAuth { get; init; }

    /// <summary>Where a CA's certificate is served (RFC 5280 §4.2.2.1 caIssuers).</summary>
    public string CertificateUrl(string authority) => $"{PublicUrl}/ca/{authority}.cer";

    /// <summary>How a CA publishes its CRLs.</summary>
    /// <param name="lineage">The CA's name, as profiles know it: that of the first of its line.</param>
    public CertificateListSettings CertificateListsOf(string lineage) => CertificateLists.GetValueOrDefault(lineage) ?? CertificateListSettings.Default;

    /// <summary>Where a CA's CRL, or that of one of its shards, is served (RFC 5280 §4.2.1.13).</summary>
    public string CertificateListUrl(string authority, int shard = 0) => $"{PublicUrl}/crl/{authority}{ShardPath(shard)}.crl";

    /// <summary>Where its delta CRL is served (RFC 5280 §4.2.1.15).</summary>
    public string DeltaListUrl(string authority, int shard = 0) => $"{PublicUrl}/delta-crl/{authority}{ShardPath(shard)}.crl";

    /// <summary>Where the OCSP responder is.</summary>
    public string OcspUrl => $"{PublicUrl}/ocsp";

    private static string ShardPath(int shard) => shard == 0 ? "" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/{shard}");

    /// <exception cref="ArgumentException">With the option and what would be right.</exception>
    public void Validate()
    {
        _ = new Agents.AgentNaming(TrustDomain);
        if (!Uri.TryCreate(PublicUrl, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || PublicUrl.EndsWith('/'))
        {
            // RFC 5280 §8, RFC 6960 §A.1: plain HTTP, for a relying party that fetches status while it checks a TLS certificate would go in circles.
            throw new ArgumentException($"PublicUrl '{PublicUrl}': http://host[:port] without a slash at the end is wanted.");
        }

        if (Epoch is < 1 or > Issuance.SerialNumber.LastEpoch)
        {
            throw new ArgumentException($"Epoch {Epoch}: serial numbers have room for 1 to {Issuance.SerialNumber.LastEpoch}.");
        }

        Acme.Validate();
        Feed.Validate();
        OAuth?.Validate();
        if (CertificateListValidity < TimeSpan.FromMinutes(1) || OcspValidity < TimeSpan.FromSeconds(30) || ApprovalLifetime <= TimeSpan.Zero || RefusalInterval <= TimeSpan.Zero)
        {
            throw new ArgumentException("CertificateListValidity is at least a minute, OcspValidity at least 30 seconds, ApprovalLifetime and RefusalInterval positive.");
        }

        foreach (var (authority, settings) in CertificateLists)
        {
            settings.Validate(authority, CertificateListValidity);
        }
    }
}
