using AgentPki.Client.Revocation;
using AgentPki.Cryptography;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers.Sources;

/// <summary>The sources in their order: the first that can tell is believed.</summary>
internal sealed class RevocationSources : IDisposable
{
    private readonly IReadOnlyList<IRevocationSource> _sources;
    private readonly RevocationView _view;
    private readonly SourceHttp _http;

    public RevocationSources(PeerGateOptions options, RevocationFollower follower, TimeProvider clock, CryptoProviders providers, Func<HttpMessageHandler>? handler)
    {
        _view = follower.View;
        _http = new SourceHttp(options.QuestionTimeout, clock, handler);
        _sources = [.. options.Sources.Select(IRevocationSource (source) => source switch
        {
            RevocationSource.Feed => new FeedSource(follower),
            RevocationSource.Ocsp => new OcspSource(_http, providers, clock),
            RevocationSource.Crl => new CrlSource(_http, options, providers, clock),
        })];
    }

    /// <summary>What the feed knows against a path, at once; null: nothing.</summary>
    public PeerRefusal? FindKnownRefusal(IReadOnlyList<Certificate> path)
    {
        for (var i = 0; i < path.Count - 1; i++)
        {
            if (SourceAnswer.OfKnown(_view.Check(path[i])) is { } refusal)
            {
                return i == 0 ? refusal : refusal with { Detail = $"The certificate of its issuer '{path[i].Subject}' is revoked." };
            }
        }

        return null;
    }

    /// <summary>Good, or refused: revoked, or because nobody can tell.</summary>
    public async ValueTask<SourceAnswer> AskAsync(IReadOnlyList<Certificate> path, CancellationToken cancellationToken)
    {
        if (path.Count < 2)
        {
            return new SourceAnswer.Refused(new PeerRefusal(RefusalKind.Untrusted, "An anchor is no peer."));
        }

        List<string> reasons = [];
        foreach (var source in _sources)
        {
            if (FindKnownRefusal(path) is { } known)
            {
                return new SourceAnswer.Refused(known);
            }

            var answer = await source.AskAsync(path[0], path[1], cancellationToken);
            if (answer is not SourceAnswer.CannotTell(var reason))
            {
                return answer;
            }

            reasons.Add(reason);
        }

        return new SourceAnswer.Refused(new PeerRefusal(RefusalKind.CannotTell, $"Nobody can tell whether the certificate is revoked: {string.Join("; ", reasons)}."));
    }

    public void Dispose()
    {
        foreach (var source in _sources.OfType<IDisposable>())
        {
            source.Dispose();
        }

        _http.Dispose();
    }
}
