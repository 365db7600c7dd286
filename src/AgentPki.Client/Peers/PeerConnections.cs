using System.Collections.Concurrent;
using AgentPki.Client.Peers.Sources;
using AgentPki.Client.Revocation;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers;

/// <summary>
/// The open connections: cuts those whose peer is good no more. A named certificate costs one look-up however many are open; a set or staleness costs one pass. What the feed
/// does not settle is asked of the other sources, a few at a time.
/// </summary>
internal sealed class PeerConnections : IAsyncDisposable
{
    private const int QuestionsAtOnce = 16;

    private readonly RevocationView _view;
    private readonly RevocationSources _sources;
    private readonly ConcurrentDictionary<Peer, byte> _open = new();
    private readonly ConcurrentDictionary<Certificate, TrackedPeer> _issuers = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _rechecking;
    private readonly Lock _gate = new();
    private Task _unsettled = Task.CompletedTask;
    private long _cut;

    public PeerConnections(RevocationView view, RevocationSources sources, TimeSpan recheckEvery, TimeProvider clock)
    {
        (_view, _sources) = (view, sources);
        _view.Changed += OnChanged;
        _rechecking = Task.Run(() => RecheckAsync(recheckEvery, clock, _ending.Token));
    }

    public int Count => _open.Count;

    public long CutSoFar => Interlocked.Read(ref _cut);

    /// <summary>From now on the peer is cut when it is good no more; call it before asking whether it is good, so that no change falls between.</summary>
    public void Add(Peer peer)
    {
        _open[peer] = 0;
        foreach (var issuer in peer.Path.Skip(1).SkipLast(1))
        {
            _issuers.GetOrAdd(issuer, (certificate, view) => view.Track(certificate), _view);
        }

        peer.Tracked = _view.Track(peer.Certificate, peer);
    }

    public void Remove(Peer peer)
    {
        if (_open.TryRemove(peer, out _))
        {
            peer.Tracked?.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _view.Changed -= OnChanged;
        await _ending.CancelAsync();
        Task unsettled;
        lock (_gate)
        {
            unsettled = _unsettled;
        }

        await Task.WhenAll(_rechecking, unsettled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var tracked in _issuers.Values)
        {
            tracked.Dispose();
        }

        _ending.Dispose();
    }

    private void OnChanged(object? sender, RevocationChangedEventArgs change)
    {
        List<Peer> unsettled = [];
        foreach (var tracked in change.Refused)
        {
            if (tracked.Tag is not Peer peer)
            {
                CutBelow(tracked);
            }
            else if (SourceAnswer.OfKnown(tracked.Status) is { } refused)
            {
                Cut(peer, refused);
            }
            else if (peer.Source == RevocationSource.Feed)
            {
                unsettled.Add(peer);
            }
        }

        if (unsettled.Count > 0)
        {
            // One after the other, so that a feed that comes and goes does not multiply the questions.
            lock (_gate)
            {
                _unsettled = _unsettled.ContinueWith(_ => AskAllAsync(unsettled, _ending.Token), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Unwrap();
            }
        }
    }

    // An issuing CA is revoked: everybody below it goes.
    private void CutBelow(TrackedPeer issuer)
    {
        if (SourceAnswer.OfKnown(issuer.Status) is not { } refused)
        {
            return;
        }

        foreach (var (peer, _) in _open)
        {
            if (peer.Path.Contains(issuer.Certificate))
            {
                Cut(peer, refused with { Detail = $"The certificate of its issuer '{issuer.Certificate.Subject}' is revoked." });
            }
        }
    }

    private async Task AskAllAsync(IReadOnlyCollection<Peer> peers, CancellationToken cancellationToken)
    {
        try
        {
            await Parallel.ForEachAsync(peers, new ParallelOptions { MaxDegreeOfParallelism = QuestionsAtOnce, CancellationToken = cancellationToken }, async (peer, token) =>
            {
                switch (peer.IsDisposed ? null : await _sources.AskAsync(peer.Path, token))
                {
                    case SourceAnswer.Good good:
                        peer.Source = good.Source;
                        break;
                    case SourceAnswer.Refused(var refusal):
                        Cut(peer, refusal);
                        break;
                    default:
                        break;
                }
            });
        }
        catch (OperationCanceledException)
        {
            // The gate is closed.
        }
    }

    private async Task RecheckAsync(TimeSpan every, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var now = clock.GetUtcNow();
                foreach (var peer in _open.Keys.Where(p => !p.Certificate.IsValidAt(now)))
                {
                    Cut(peer, new PeerRefusal(RefusalKind.Untrusted, $"The certificate expired at {peer.Certificate.NotAfter:u}."));
                }

                await AskAllAsync([.. _open.Keys.Where(p => p.Source != RevocationSource.Feed)], cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The gate is closed.
        }
    }

    private void Cut(Peer peer, PeerRefusal refusal)
    {
        if (peer.TryCut(refusal))
        {
            Interlocked.Increment(ref _cut);
        }
    }
}
