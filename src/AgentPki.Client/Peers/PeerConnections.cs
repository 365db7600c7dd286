using System.Collections.Concurrent;
using AgentPki.Client.Peers.Sources;
using AgentPki.Client.Revocation;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Peers;

/// <summary>
/// The open connections: cuts those whose peer is good no more. A named certificate costs one look-up however many are open; a set or staleness costs one pass. What the feed
/// does not settle is asked of the other sources, a few at a time and not for longer than a few questions take; of whom nobody has told by then is cut.
/// </summary>
internal sealed class PeerConnections : IAsyncDisposable
{
    private const int QuestionsAtOnce = 16;
    private const int TimeoutsPerPass = 4;

    private readonly RevocationView _view;
    private readonly RevocationSources _sources;
    private readonly PeerGateOptions _options;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<Peer, byte> _open = new();
    private readonly Dictionary<Certificate, TrackedPeer> _issuers = [];
    private readonly HashSet<Peer> _unsettled = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _rechecking;
    private readonly Task _expiring;
    private readonly Lock _gate = new();
    private Task _settling = Task.CompletedTask;
    private bool _isSettling;
    private long _cut;

    public PeerConnections(RevocationView view, RevocationSources sources, PeerGateOptions options, TimeProvider clock)
    {
        (_view, _sources, _options, _clock) = (view, sources, options, clock);
        _view.Changed += OnChanged;
        _rechecking = Task.Run(() => RecheckAsync(_ending.Token));
        _expiring = Task.Run(() => ExpireAsync(_ending.Token));
    }

    public int Count => _open.Count;

    public long CutSoFar => Interlocked.Read(ref _cut);

    /// <summary>From now on the peer is cut when it is good no more; call it before asking whether it is good, so that no change falls between.</summary>
    public void Add(Peer peer)
    {
        _open[peer] = 0;
        lock (_gate)
        {
            foreach (var issuer in peer.Path.Skip(1).SkipLast(1).Where(i => !_issuers.ContainsKey(i)))
            {
                _issuers[issuer] = _view.Track(issuer);
            }
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
        Task settling;
        lock (_gate)
        {
            settling = _settling;
        }

        await Task.WhenAll(_rechecking, _expiring, settling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
            var refusal = SourceAnswer.OfKnown(tracked.Status);
            if (tracked.Tag is not Peer peer)
            {
                // An issuing CA: everybody below it goes, or is to be asked about.
                var below = _open.Keys.Where(p => p.Path.Contains(tracked.Certificate));
                if (refusal is null)
                {
                    unsettled.AddRange(below);
                }
                else
                {
                    CutAll(below, SourceAnswer.OfIssuer(tracked.Certificate, refusal));
                }
            }
            else if (refusal is not null)
            {
                Cut(peer, refusal);
            }
            else
            {
                // Whatever its label: that is the weakest of its path, and its own certificate may rest on the feed.
                unsettled.Add(peer);
            }
        }

        Settle(unsettled);
    }

    // One pass after the other, so that a feed that comes and goes does not multiply the questions; whoever comes meanwhile is in the next one.
    private void Settle(List<Peer> peers)
    {
        lock (_gate)
        {
            _unsettled.UnionWith(peers);
            if (_unsettled.Count > 0 && !_isSettling && !_ending.IsCancellationRequested)
            {
                _isSettling = true;
                _settling = Task.Run(() => SettleAsync(_ending.Token));
            }
        }
    }

    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        while (TakeUnsettled() is { Count: > 0 } peers)
        {
            await AskAllAsync(peers, cancellationToken);
        }
    }

    private List<Peer> TakeUnsettled()
    {
        lock (_gate)
        {
            List<Peer> taken = [.. _unsettled];
            _unsettled.Clear();
            _isSettling = taken.Count > 0;
            return taken;
        }
    }

    /// <summary>Asks once for all connections of one certificate. However slowly the servers answer, the pass ends after a few timeouts: of whom nobody has told by then nobody can tell.</summary>
    private async Task AskAllAsync(IEnumerable<Peer> peers, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.QuestionTimeout * TimeoutsPerPass, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var paths = peers.Where(p => !p.IsDisposed).GroupBy(p => p.Path, SamePath.Comparer).ToList();
        await Parallel.ForEachAsync(paths, new ParallelOptions { MaxDegreeOfParallelism = QuestionsAtOnce, CancellationToken = cancellationToken }, async (same, _) =>
        {
            switch (await AskAsync(same.Key, either.Token, cancellationToken))
            {
                case SourceAnswer.Good good:
                    foreach (var peer in same)
                    {
                        peer.Source = good.Source;
                    }

                    break;
                case SourceAnswer.Refused(var refusal):
                    CutAll(same, refusal);
                    break;
                default:
                    break;
            }
        });
    }

    private async ValueTask<SourceAnswer> AskAsync(IReadOnlyList<Certificate> path, CancellationToken limit, CancellationToken cancellationToken)
    {
        try
        {
            return await _sources.AskAsync(path, limit);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return CannotTell("who is asked takes too long");
        }
#pragma warning disable CA1031 // Whatever goes wrong with one peer must not end the loop that looks after all the others.
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return CannotTell(failure.Message.TrimEnd('.'));
        }
    }

    private static SourceAnswer.Refused CannotTell(string why) => new(new PeerRefusal(RefusalKind.CannotTell, $"Nobody can tell whether the certificate is revoked: {why}."));

    /// <summary>Again about those whom the feed does not vouch for, whoever did when they were admitted: between that question and its answer the feed may have fallen silent.</summary>
    private async Task RecheckAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.RecheckEvery, _clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await AskAllAsync(_open.Keys.Where(p => p.Source != RevocationSource.Feed || !_sources.IsGoodByFeed(p.Path)), cancellationToken);
        }
    }

    // By itself: it asks nobody, and waits for nobody who is asked.
    private async Task ExpireAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.RecheckEvery, _clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            var now = _clock.GetUtcNow();
            foreach (var peer in _open.Keys.Where(p => !p.Certificate.IsValidAt(now)))
            {
                Cut(peer, new PeerRefusal(RefusalKind.Untrusted, $"The certificate expired at {peer.Certificate.NotAfter:u}."));
            }
        }
    }

    private void CutAll(IEnumerable<Peer> peers, PeerRefusal refusal)
    {
        foreach (var peer in peers)
        {
            Cut(peer, refusal);
        }
    }

    private void Cut(Peer peer, PeerRefusal refusal)
    {
        if (peer.TryCut(refusal))
        {
            Interlocked.Increment(ref _cut);
        }
    }

    private sealed class SamePath : IEqualityComparer<IReadOnlyList<Certificate>>
    {
        public static readonly SamePath Comparer = new();

        public bool Equals(IReadOnlyList<Certificate>? x, IReadOnlyList<Certificate>? y) => ReferenceEquals(x, y) || (x is not null && y is not null && x.SequenceEqual(y));

        public int GetHashCode(IReadOnlyList<Certificate> obj) => obj[0].GetHashCode();
    }
}
