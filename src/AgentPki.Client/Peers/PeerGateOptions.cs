using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers;

/// <summary>Whom to trust, and how to learn who is revoked.</summary>
/// <param name="Appliance">Where the revocation feed is, for example <c>http://pki.example.org:8080</c> (its plain HTTP port is as good as HTTPS, for everything is signed).</param>
/// <param name="TrustAnchors">The roots, obtained out of band.</param>
public sealed record PeerGateOptions(Uri Appliance, IReadOnlyList<Certificate> TrustAnchors)
{
    /// <summary>Issuing CAs, for peers that do not send them along.</summary>
    public IReadOnlyList<Certificate> Intermediates { get; init; } = [];

    /// <summary>
    /// Who is asked, in this order, until one can tell. The feed alone is the strictest; OCSP and CRL behind it let peers in whose CA the feed does not speak of, and while the feed is stale. What the
    /// feed knows to be revoked is refused whatever the order. All of it holds for issuing CAs too; one that names no OCSP responder is looked up in the CRL that it names where OCSP is asked.
    /// </summary>
    public IReadOnlyList<RevocationSource> Sources { get; init; } = [RevocationSource.Feed, RevocationSource.Ocsp, RevocationSource.Crl];

    /// <summary>
    /// The agents' policy extension (dotted), where this application heeds it or asks for decisions, which do: then peers whose policy is critical are let in. Null: they are refused, as RFC 5280 §4.2 demands of
    /// whoever does not look at it.
    /// </summary>
    public string? HeededPolicy { get; init; }

    /// <summary>How old the feed's last word may be. After that it cannot tell, and where nothing else can, everybody is refused and open connections are cut.</summary>
    public TimeSpan MaximumStaleness { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often OCSP or CRL are asked again about open connections that they, not the feed, admitted.</summary>
    public TimeSpan RecheckEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For one question to OCSP, or one CRL; whoever gave no usable answer in it is not asked again for as long. After four of them whoever is open and was not told of is cut.</summary>
    public TimeSpan QuestionTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The largest CRL that is fetched, in octets.</summary>
    public int MaximumCrlOctets { get; init; } = 64 << 20;

    /// <exception cref="ArgumentException">A value that cannot work.</exception>
    public void Validate()
    {
        if (Sources.Count == 0 || Sources.Distinct().Count() != Sources.Count)
        {
            throw new ArgumentException("Name each revocation source once: Feed, Ocsp, Crl.");
        }

        if (RecheckEvery <= TimeSpan.Zero || QuestionTimeout <= TimeSpan.Zero || MaximumCrlOctets <= 0)
        {
            throw new ArgumentException("The times and sizes of a peer gate must be positive.");
        }
    }
}
