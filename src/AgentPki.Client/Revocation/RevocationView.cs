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
    private readonly TimeSpan _patience;
    private bool _toldStale = true;
    private bool _settling;
    private bool _settleAgain;

    internal RevocationView(RevocationFollowerOptions options, SetFetcher sets, TimeProvider clock) =>
        (_sets, _clock, _patience, _state) = (sets, clock, options.MaximumStaleness, new FeedState(options, clock));

    /// <summary>
    /// Tracked peers are good no more, or good again: by an event, because the feed fell silent, or because it is heard again. Raised on the follower's thread right after the statement
    /// was taken up, or beside it once the parts of a set that tell are here; handlers should be quick and must not throw.
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
                return _state.IsStale;
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
    public ValueTask<RevocationStatus> CheckAsync(Certificate certificate, CancellationToken cancellationToken) =>
        CheckNamedAsync(certificate.AuthorityKeyIdentifier, certificate.SerialNumber, cancellationToken);

    /// <summary>The same of a certificate that is not here: by its issuer's key identifier and its serial number.</summary>
    public async ValueTask<RevocationStatus> CheckNamedAsync(ReadOnlyMemory<byte> authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_state.IsStale)
            {
                return Judge(_state.Find(authority, serial, out _)); // no answer would count
            }
        }

        var status = await FindAsync(authority, serial, cancellationToken);
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
    internal ValueTask<RevocationStatus> FindAsync(Certificate certificate, CancellationToken cancellationToken) =>
        FindAsync(certificate.AuthorityKeyIdentifier, certificate.SerialNumber, cancellationToken);

    private async ValueTask<RevocationStatus> FindAsync(ReadOnlyMemory<byte> authority, ReadOnlyMemory<byte> serial, CancellationToken cancellationToken)
    {
        while (true)
        {
            SetLayer? layer;
            RevocationStatus status;
            RevocationMember member;
            lock (_gate)
            {
                status = _state.Find(authority, serial, out member);
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
            return _state.Apply(statement);
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
                    Move(peers, changed, static _ => true);
                }
            }
        }

        Raise(changed);
    }

    /// <summary>
    /// After a set, a snapshot, or when time has passed: tells at once whose status changed by what is here. The parts of sets that the others need are fetched beside, so that neither the next event nor
    /// the word that the feed is stale waits for a server; what is not here by <see cref="RevocationFollowerOptions.MaximumStaleness"/>, or is not given, counts as not good then.
    /// </summary>
    internal ValueTask TellAllAsync(CancellationToken cancellationToken)
    {
        MoveAll(static status => status is not RevocationStatus.NotKnown);
        lock (_gate)
        {
            if (Wanted() is null)
            {
                return ValueTask.CompletedTask;
            }

            _settleAgain = true;
            if (_settling)
            {
                return ValueTask.CompletedTask;
            }

            _settling = true;
        }

        _ = Task.Run(() => SettleAsync(cancellationToken), CancellationToken.None);
        return ValueTask.CompletedTask;
    }

    /// <summary>Tells all when staleness began or ended since they were last told.</summary>
    internal ValueTask TellStalenessAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_toldStale == _state.IsStale)
            {
                return ValueTask.CompletedTask;
            }
        }

        return TellAllAsync(cancellationToken);
    }

    // One at a time; what is told meanwhile is another round.
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (GoesOn())
            {
                // What a set made unknown that came after all was fetched is the next round's.
                var all = await FetchWantedAsync(cancellationToken);
                MoveAll(status => !all || !_settleAgain || status is not RevocationStatus.NotKnown);
            }
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            // The follower ended, and its connections with it.
        }
        catch
        {
            lock (_gate)
            {
                _settling = false;
            }

            throw;
        }
    }

    private bool GoesOn()
    {
        lock (_gate)
        {
            var again = _settleAgain;
            (_settling, _settleAgain) = (again, false);
            return again;
        }
    }

    /// <summary>Whether all that is wanted is here.</summary>
    private async Task<bool> FetchWantedAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_patience, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            while (Wanted() is { } wanted)
            {
                if (!await _sets.TryFetchAsync(wanted.Layer, wanted.Buckets, either.Token))
                {
                    return false;
                }
            }

            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false; // too late
        }
    }

    // The newest set that a tracked peer is not known by, with all buckets of it that are wanted; nothing while no answer would count.
    private (SetLayer Layer, IReadOnlyCollection<int> Buckets)? Wanted()
    {
        lock (_gate)
        {
            if (_state.IsStale)
            {
                return null;
            }

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

    private void MoveAll(Func<RevocationStatus, bool> which)
    {
        List<TrackedPeer> changed = [];
        lock (_gate)
        {
            _toldStale = _state.IsStale;
            foreach (var peers in _peers.Values)
            {
                Move(peers, changed, which);
            }
        }

        Raise(changed);
    }

    private void Move(List<TrackedPeer> peers, List<TrackedPeer> changed, Func<RevocationStatus, bool> which) =>
        changed.AddRange(peers.Where(p => Judge(_state.Find(p.Certificate, out _)) is var status && which(status) && p.Move(status)));

    // What is revoked stays so, however old the news; that it is good, or would have to be looked up, is nothing worth when it is old.
    private RevocationStatus Judge(RevocationStatus status) =>
        status is RevocationStatus.Revoked or RevocationStatus.Held || !_state.IsStale ? status : new RevocationStatus.Stale(_state.AsOf);

    private void Raise(List<TrackedPeer> changed)
    {
        if (changed.Count > 0)
        {
            Changed?.Invoke(this, new RevocationChangedEventArgs(Sequence, changed));
        }
    }
}
