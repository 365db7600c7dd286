using AgentPki.Client.Revocation;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers.Sources;

/// <summary>The sources in their order: the first that can tell is believed. They are asked about a peer's certificate and about those of its issuers: a peer is good when all of these are.</summary>
internal sealed class RevocationSources : IDisposable
{
    private readonly IReadOnlyList<IRevocationSource> _ofPeers;
    private readonly IReadOnlyList<IRevocationSource> _ofIssuers;
    private readonly IRevocationSource? _ofIssuersWithoutResponder;
    private readonly RevocationView _view;
    private readonly SourceHttp _http;

    public RevocationSources(PeerGateOptions options, RevocationFollower follower, TimeProvider clock, CryptoProviders providers, Func<HttpMessageHandler>? handler)
    {
        _view = follower.View;
        _http = new SourceHttp(options.QuestionTimeout, clock, handler);
        _ofPeers = [.. options.Sources.Select(IRevocationSource (source) => source switch
        {
            RevocationSource.Feed => new FeedSource(follower),
            RevocationSource.Ocsp => new OcspSource(_http, providers, clock),
            RevocationSource.Crl => new CrlSource(_http, options, providers, clock),
        })];
        _ofIssuers = [.. _ofPeers.Select(s => s is OcspSource ? new RememberedAnswers(s, options.MaximumStaleness, clock) : s)];

        // Whoever relies on OCSP cannot have it of a CA whose own issuer answers none, as roots seldom do: that one's CRL is all there is.
        _ofIssuersWithoutResponder = options.Sources.Contains(RevocationSource.Ocsp) && !options.Sources.Contains(RevocationSource.Crl) ? new CrlSource(_http, options, providers, clock) : null;
    }

    /// <summary>What the feed knows against a path, at once; null: nothing.</summary>
    public PeerRefusal? FindKnownRefusal(IReadOnlyList<Certificate> path)
    {
        for (var i = 0; i < path.Count - 1; i++)
        {
            if (SourceAnswer.OfKnown(_view.Check(path[i])) is { } refusal)
            {
                return i == 0 ? refusal : SourceAnswer.OfIssuer(path[i], refusal);
            }
        }

        return null;
    }

    /// <summary>Whether the feed says of every certificate of a path that it is good, now.</summary>
    public bool IsGoodByFeed(IReadOnlyList<Certificate> path)
    {
        for (var i = 0; i < path.Count - 1; i++)
        {
            if (!_view.Check(path[i]).IsGood)
            {
                return false;
            }
        }

        return path.Count > 1;
    }

    /// <summary>Good, by the weakest of those who vouched for the path's certificates; or refused: revoked, or because nobody can tell.</summary>
    public async ValueTask<SourceAnswer> AskAsync(IReadOnlyList<Certificate> path, CancellationToken cancellationToken)
    {
        if (path.Count < 2)
        {
            return new SourceAnswer.Refused(new PeerRefusal(RefusalKind.Untrusted, "An anchor is no peer."));
        }

        var weakest = RevocationSource.Feed;
        for (var i = 0; i < path.Count - 1; i++)
        {
            switch (await AskAsync(path, i, cancellationToken))
            {
                case SourceAnswer.Good(var source):
                    weakest = source > weakest ? source : weakest;
                    break;
                case var refused:
                    return refused;
            }
        }

        return new SourceAnswer.Good(weakest);
    }

    public void Dispose()
    {
        foreach (var source in _ofPeers.Concat(_ofIssuers).Append(_ofIssuersWithoutResponder).OfType<IDisposable>())
        {
            source.Dispose();
        }

        _http.Dispose();
    }

    private async ValueTask<SourceAnswer> AskAsync(IReadOnlyList<Certificate> path, int place, CancellationToken cancellationToken)
    {
        List<string> reasons = [];
        foreach (var source in SourcesFor(path[place], place))
        {
            if (FindKnownRefusal(path) is { } known)
            {
                return new SourceAnswer.Refused(known);
            }

            switch (await source.AskAsync(path[place], path[place + 1], cancellationToken))
            {
                case SourceAnswer.CannotTell(var reason):
                    reasons.Add(reason);
                    break;
                case SourceAnswer.Refused(var refusal) when place > 0:
                    return new SourceAnswer.Refused(SourceAnswer.OfIssuer(path[place], refusal));
                case var answer:
                    return answer;
            }
        }

        var whose = place == 0 ? "the certificate" : $"the certificate of its issuer '{path[place].Subject}'";
        return new SourceAnswer.Refused(new PeerRefusal(RefusalKind.CannotTell, $"Nobody can tell whether {whose} is revoked: {string.Join("; ", reasons)}."));
    }

    private IEnumerable<IRevocationSource> SourcesFor(Certificate certificate, int place) => place == 0 ? _ofPeers
        : _ofIssuersWithoutResponder is { } crl && certificate.Fields.AuthorityInformationAccess.All(a => a.Method != Oids.AccessMethodOcsp) ? _ofIssuers.Append(crl)
        : _ofIssuers;
}
