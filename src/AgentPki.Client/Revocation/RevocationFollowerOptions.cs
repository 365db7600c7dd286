using AgentPki.X509.Certificates;

namespace AgentPki.Client.Revocation;

/// <summary>Which feed to follow, whom to trust, and how long to go on without it.</summary>
/// <param name="Server">Scheme, host and port of the appliance, for example <c>http://pki.example.org:8080</c>; plain HTTP is as good as HTTPS, for everything is signed.</param>
/// <param name="TrustAnchors">The roots that the feed signer's certificate must chain to, obtained out of band.</param>
public sealed record RevocationFollowerOptions(Uri Server, IReadOnlyList<Certificate> TrustAnchors)
{
    /// <summary>How old the last word of the feed may be; after that every certificate counts as not good. The appliance says a word every five seconds.</summary>
    public TimeSpan MaximumStaleness { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How far ahead of this machine's clock the appliance's may be; statements from further ahead are refused.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first wait before connecting again; doubled up to <see cref="LongestWait"/>, each with up to half of it at random on top.</summary>
    public TimeSpan ShortestWait { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan LongestWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request, or the silence of an open stream, may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Sets up to this size are fetched whole, larger ones by the buckets that are needed: 64 KiB are about 9,000 certificates.</summary>
    public int WholeSetOctets { get; init; } = 64 * 1024;

    /// <summary>Certificates and sets heard of since the snapshot after which a new snapshot is taken, so that memory stays bounded.</summary>
    public int MostSinceSnapshot { get; init; } = 50_000;

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public void Validate()
    {
        if (!Server.IsAbsoluteUri || (Server.Scheme != Uri.UriSchemeHttp && Server.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException($"The revocation feed's address '{Server}' must be an http:// or https:// URL.");
        }

        if (TrustAnchors.Count == 0)
        {
            throw new ArgumentException("At least one trust anchor is needed to believe a revocation feed.");
        }

        if (MaximumStaleness <= TimeSpan.Zero || ClockTolerance < TimeSpan.Zero || ShortestWait <= TimeSpan.Zero || LongestWait < ShortestWait || Timeout <= TimeSpan.Zero || WholeSetOctets < 0 || MostSinceSnapshot < 1)
        {
            throw new ArgumentException("The revocation follower's times must be positive, and the longest wait not below the shortest.");
        }
    }
}
