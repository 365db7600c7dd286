using AgentPki.Ledger.Revocations;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Revocation;

/// <summary>
/// What a <see cref="RevocationFollower"/> knows now. <see cref="Check"/> takes about a microsecond and does no I/O; any number of threads may ask. Whether a certificate's
/// chain and validity are good is another question, to be asked first.
/// </summary>
public sealed class RevocationView
{
    private readonly TimeProvider _clock;
    private readonly SetFetcher _sets;
    private readonly Lock _gate = new();
    private readonly Dictionary<RevocationMember, List<TrackedPeer>> _peers = [];
    private readonly FeedState _state;
    private bool _toldStale = true;

    internal RevocationView(RevocationFollowerOptions options, SetFetcher sets, TimeProvider clock) =>
        (_sets, _clock, _state) = (sets, clock, new FeedState(options));

    /// <summary>
    /// Tracked peers are good no more, or good again: by an event, because the feed fell silent, or because it is heard again. Raised on the follower's thread right after the statement
    /// was taken up; handlers should be quick and must not throw.
    /// </summary>
    public event EventHandler<RevocationChangedEventArgs>? Changed;

    /// <summary>The last event that is taken into account; -1: nothing is known yet.</summary>
    public long Sequence
    {
        get
        {
            lock (_gate)
            {
                return _state.Sequence;
            }
        }
    }

    /// <summary>As of when nothing is missing, by the appliance's clock; null: nothing is known yet.</summary>
    public DateTimeOffset? AsOf
    {
        get
        {
            lock (_gate)
            {
                return _state.AsOf;
            }
        }
    }

    /// <summary>Whether nothing current was heard for longer than <see cref="RevocationFollowerOptions.MaximumStaleness"/>: then no certificate is good.</summary>
    public bool IsStale
    {
        get
        {
            lock (_gate)
            {
                return _state.IsStaleAt(_clock.GetUtcNow());
            }
        }
    }

    /// <summary>What is known of a certificate, at once.</summary>
    public RevocationStatus Check(Certificate certificate)
    {
        lock (_gate)
        {
            return Judge(_state.Find(certificate, out _));
        }
    }

    /// <summary>The same, fetching the part of a set that is wanted. Still <see cref="RevocationStatus.NotKnown"/> when the appliance does not give it.</summary>
    public async ValueTask<RevocationStatus> CheckAsync(Certificate certificate, CancellationToken cancellationToken)
    {
        var status = await FindAsync(certificate, cancellationToken);
        lock (_gate)
        {
            return Judge(status);
        }
    }

    /// <summary>
    /// Watches a peer's certificate until the result is disposed: <see cref="Changed"/> tells when its status changes. Look at <see cref="TrackedPeer.Status"/> first, and let in only
    /// what is good; where it is <see cref="RevocationStatus.NotKnown"/>, <see cref="CheckAsync"/> before.
    /// </summary>
    /// <param name="tag">Given back with the peer.</param>
    public TrackedPeer Track(Certificate certificate, object? tag = null)
    {
        lock (_gate)
        {
            var status = Judge(_state.Find(certificate, out var member));
            var peer = new TrackedPeer(this, certificate, member, tag, status);
            if (!_peers.TryGetValue(member, out var same))
            {
                _peers[member] = same = new List<TrackedPeer>(1);
            }

            same.Add(peer);
            return peer;
        }
    }

    internal void Forget(TrackedPeer peer)
    {
        lock (_gate)
        {
            if (_peers.TryGetValue(peer.Member, out var same) && same.Remove(peer) && same.Count == 0)
            {
                _peers.Remove(peer.Member);
            }
        }
    }

    /// <summary>Whether a snapshot of the feed that is followed is of before what is known.</summary>
    internal bool IsOlder(SnapshotStatement snapshot)
    {
        lock (_gate)
        {
            return _state.IsOlder(snapshot);
        }
    }

    /// <summary>Takes up a snapshot.</summary>
    internal void Begin(SnapshotStatement snapshot, SetLayer layer)
    {
        lock (_gate)
        {
            _state.Begin(snapshot, layer);
        }
    }

    /// <summary>What is known of a certificate, however old that is.</summary>
    internal RevocationStatus Find(Certificate certificate)
    {
        lock (_gate)
        {
            return _state.Find(certificate, out _);
        }
    }

    /// <summary>The same, the part of a set that is wanted included.</summary>
    internal async ValueTask<RevocationStatus> FindAsync(Certificate certificate, CancellationToken cancellationToken)
    {
        while (true)
        {
            SetLayer? layer;
            RevocationStatus status;
            RevocationMember member;
            lock (_gate)
            {
                status = _state.Find(certificate, out member);
                if (status is not RevocationStatus.NotKnown unknown || !_state.TryFindLayer(unknown.Set, out layer))
                {
                    return status;
                }
            }

            if (!await _sets.TryFetchAsync(layer, [layer.BucketOf(member)], cancellationToken))
            {
                return status;
            }
        }
    }

    internal bool IsCrowded
    {
        get
        {
            lock (_gate)
            {
                return _state.IsCrowded;
            }
        }
    }

    internal Application Apply(RevocationStatement statement)
    {
        lock (_gate)
        {
            return _state.Apply(statement, _clock.GetUtcNow());
        }
    }

    /// <summary>After an event with named certificates: only those can have changed.</summary>
    internal void Tell(RevocationEventStatement happened)
    {
        List<TrackedPeer> changed = [];
        lock (_gate)
        {
            foreach (var certificate in happened.Certificates)
            {
                if (_peers.TryGetValue(RevocationMember.Of(happened.Authorities[certificate.Authority].Span, certificate.Serial.Span), out var peers))
                {
                    Move(peers, changed);
                }
            }
        }

        Raise(changed);
    }

    /// <summary>After a set, a snapshot, or when time has passed: fetches what the tracked peers need and tells whose status changed. What cannot be fetched counts as not good.</summary>
    internal async ValueTask TellAllAsync(CancellationToken cancellationToken)
    {
        while (Wanted() is { } wanted && await _sets.TryFetchAsync(wanted.Layer, wanted.Buckets, cancellationToken))
        {
        }

        List<TrackedPeer> changed = [];
        lock (_gate)
        {
            _toldStale = _state.IsStaleAt(_clock.GetUtcNow());
            foreach (var peers in _peers.Values)
            {
                Move(peers, changed);
            }
        }

        Raise(changed);
    }

    /// <summary>Tells all when staleness began or ended since they were last told.</summary>
    internal ValueTask TellStalenessAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_toldStale == _state.IsStaleAt(_clock.GetUtcNow()))
            {
                return ValueTask.CompletedTask;
            }
        }

        return TellAllAsync(cancellationToken);
    }

    // The newest set that a tracked peer is not known by, with all buckets of it that are wanted.
    private (SetLayer Layer, IReadOnlyCollection<int> Buckets)? Wanted()
    {
        lock (_gate)
        {
            SetLayer? layer = null;
            HashSet<int> buckets = [];
            foreach (var (member, _) in _peers)
            {
                if (_state.Find(member) is RevocationStatus.NotKnown unknown && _state.TryFindLayer(unknown.Set, out var wanted) && (layer is null || layer == wanted))
                {
                    layer = wanted;
                    buckets.Add(unknown.Bucket);
                }
            }

            return layer is null ? null : (layer, buckets);
        }
    }

    private void Move(List<TrackedPeer> peers, List<TrackedPeer> changed) =>
        changed.AddRange(peers.Where(p => p.Move(Judge(_state.Find(p.Certificate, out _)))));

    // What is revoked stays so, however old the news; that it is good, or would have to be looked up, is nothing worth when it is old.
    private RevocationStatus Judge(RevocationStatus status) =>
        status is RevocationStatus.Revoked or RevocationStatus.Held || !_state.IsStaleAt(_clock.GetUtcNow()) ? status : new RevocationStatus.Stale(_state.AsOf);

    private void Raise(List<TrackedPeer> changed)
    {
        if (changed.Count > 0)
        {
            Changed?.Invoke(this, new RevocationChangedEventArgs(Sequence, changed));
        }
    }
}
