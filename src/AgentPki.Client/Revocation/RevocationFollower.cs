using System.Security.Cryptography;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers.BouncyCastle;
using AgentPki.Cryptography.Providers.Composite;
using AgentPki.Cryptography.Providers.Platform;
using AgentPki.Ledger.Revocations;
using AgentPki.X509.Certificates;

namespace AgentPki.Client.Revocation;

/// <summary>A statement that was verified and taken up.</summary>
public sealed class StatementTakenEventArgs(RevocationStatement statement) : EventArgs
{
    public RevocationStatement Statement { get; } = statement;
}

/// <summary>
/// Follows an appliance's revocation feed (docs/revocation-feed.md) and keeps <see cref="View"/> current: takes the snapshot, then every event, verifies each statement, notices gaps,
/// connects again, and fails closed when it hears nothing for too long.
/// </summary>
public sealed class RevocationFollower : IAsyncDisposable
{
    private const int DisbelievedAtMost = 2;
    private readonly RevocationFollowerOptions _options;
    private readonly TimeProvider _clock;
    private readonly FeedClient _client;
    private readonly StatementVerifier _verifier;
    private readonly SetFetcher _sets;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _current = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _following;
    private readonly Task _watching;
    private long? _crowdedSince;

    /// <summary>Begins to follow.</summary>
    /// <param name="providers">What verifies signatures; null: what this build has.</param>
    /// <param name="handler">The way to the server; null: direct, with the system's trust for HTTPS, which is not needed.</param>
    /// <exception cref="ArgumentException">An option that cannot work.</exception>
    public RevocationFollower(RevocationFollowerOptions options, TimeProvider clock, CryptoProviders? providers = null, HttpMessageHandler? handler = null)
    {
        options.Validate();
        providers ??= Providers();
        (_options, _clock) = (options, clock);
        _client = new FeedClient(options, handler ?? new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false, MaxResponseHeadersLength = 16 }, clock);
        _verifier = new StatementVerifier(new ChainVerifier(options.TrustAnchors, providers, clock), _client, providers, clock);
        _sets = new SetFetcher(_client, options, clock);
        View = new RevocationView(options, _sets, clock);
        _following = Task.Run(() => FollowAsync(_ending.Token));
        _watching = Task.Run(() => WatchAsync(_ending.Token));
    }

    public RevocationView View { get; }

    /// <summary>What went wrong last, as a sentence without its full stop; null: nothing since it is connected.</summary>
    public string? Problem { get; private set; }

    /// <summary>Raised for each event, heartbeat and snapshot after it was taken up, on the follower's thread.</summary>
    public event EventHandler<StatementTakenEventArgs>? Taken;

    /// <summary>Completes when <see cref="View"/> is current for the first time.</summary>
    public Task WaitUntilCurrentAsync(CancellationToken cancellationToken) => _current.Task.WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_following, _watching);
        _client.Dispose();
        _ending.Dispose();
        _current.TrySetCanceled(CancellationToken.None);
    }

    private static CryptoProviders Providers()
    {
        var (platform, bouncyCastle) = (new PlatformProvider(), new BouncyCastleProvider());
        return new CryptoProviders(platform, new CompositeProvider(platform, bouncyCastle), bouncyCastle);
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        var (wait, beginsAnew, disbelieved) = (_options.ShortestWait, true, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            var before = View.AsOf;
            try
            {
                if (beginsAnew)
                {
                    await TakeSnapshotAsync(mayBeOlder: false, cancellationToken);
                }
                else if (NeedsSnapshot() || disbelieved >= DisbelievedAtMost)
                {
                    disbelieved = 0;
                    await TryTakeSnapshotAsync(cancellationToken);
                }

                beginsAnew = false; // also where the next line throws
                beginsAnew = await ReadAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Also what a handler of an event throws: a follower that ended would keep everybody out for ever.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                Problem = failure is TimeoutException ? $"{_options.Server} was silent for {_options.Timeout.TotalSeconds:0} seconds" : failure.Message.TrimEnd('.');
                beginsAnew |= failure is FeedException { IsPast: true };
                // The next statement may be one that cannot be believed any more, its signer having ended or gone, where a new snapshot can.
                disbelieved += failure is FeedException { IsRefusal: false } or FeedException { IsGone: true } ? 1 : 0;
            }

            // What was heard on a connection counts, however it ended.
            var heard = View.AsOf != before;
            wait = heard ? _options.ShortestWait : Longer(wait);
            disbelieved = heard ? 0 : disbelieved;
            await Delay(wait, cancellationToken);
        }
    }

    // What helps where it can, and where it cannot keeps nobody from following.
    private async Task TryTakeSnapshotAsync(CancellationToken cancellationToken)
    {
        try
        {
            await TakeSnapshotAsync(mayBeOlder: true, cancellationToken);
        }
        catch (Exception failure) when (FeedClient.IsFailure(failure, cancellationToken))
        {
            Problem = failure.Message.TrimEnd('.');
        }
    }

    // Not at every turn: the appliance's newest snapshot may be too old to help, and following must go on.
    private bool NeedsSnapshot()
    {
        if (!View.IsCrowded || (_crowdedSince is { } since && _clock.GetElapsedTime(since) < _options.MaximumStaleness))
        {
            return false;
        }

        _crowdedSince = _clock.GetTimestamp();
        return true;
    }

    /// <summary>Reads until the stream ends. True: only a snapshot helps.</summary>
    private async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var appliedAny = false;
        await foreach (var text in _client.FollowAsync(View.Sequence, cancellationToken))
        {
            var (statement, signer) = await _verifier.VerifyAsync(text, cancellationToken);
            if (View.Sequence >= 0 && await View.FindAsync(signer, cancellationToken) is not RevocationStatus.Good)
            {
                if (statement.Sequence < View.Sequence)
                {
                    continue; // of before its revocation, and known
                }

                throw new FeedException("a statement is signed by a feed signer that is revoked, or of which the feed does not tell");
            }

            switch (View.Apply(statement))
            {
                case Application.Applied:
                    appliedAny = true;
                    Problem = null;
                    await TellAsync(statement, cancellationToken);
                    break;
                case Application.FromTheFuture:
                    throw new FeedException($"a statement is signed {(statement.Signed - _clock.GetUtcNow()).TotalSeconds:0} seconds in the future; look at both clocks");
                case Application.OtherFeed:
                    Problem = "the appliance's feed is another one than before; it was restored from a backup";
                    return true;
                case Application.Gap:
                    // Connecting again fills it, if the server has what is missing.
                    Problem = $"the feed went from {View.Sequence} to {statement.Sequence}";
                    return !appliedAny;
                default:
                    break;
            }

            if (NeedsSnapshot())
            {
                await TryTakeSnapshotAsync(cancellationToken);
            }
        }

        return false;
    }

    private async ValueTask TellAsync(RevocationStatement statement, CancellationToken cancellationToken)
    {
        switch (statement)
        {
            case RevocationEventStatement { Set: null } named:
                View.Tell(named);
                break;
            case RevocationEventStatement:
                await View.TellAllAsync(cancellationToken);
                break;
            default:
                await View.TellStalenessAsync(cancellationToken);
                break;
        }

        Taken?.Invoke(this, new StatementTakenEventArgs(statement));
        if (!View.IsStale)
        {
            _current.TrySetResult();
        }
    }

    /// <param name="mayBeOlder">Whether it may be of before the last event that is known here: it then stands for what it includes.</param>
    private async Task TakeSnapshotAsync(bool mayBeOlder, CancellationToken cancellationToken)
    {
        var (statement, signer) = await _verifier.VerifyAsync(await _client.SnapshotAsync(cancellationToken), cancellationToken);
        if (statement is not SnapshotStatement snapshot)
        {
            throw new FeedException("the appliance's snapshot is another statement");
        }

        if (snapshot.Signed - _clock.GetUtcNow() > _options.ClockTolerance)
        {
            throw new FeedException("the snapshot is signed in the future; look at both clocks");
        }

        var layer = new SetLayer(snapshot.Set, snapshot.Sequence, new RevocationStatus.Revoked(null, null, snapshot.Sequence));
        if (snapshot.Set.Commitment.Octets <= _options.WholeSetOctets)
        {
            await _sets.TryFetchAsync(layer, [], cancellationToken); // else its parts when they are wanted
        }

        if (!mayBeOlder && View.IsOlder(snapshot))
        {
            throw new FeedException($"the appliance's revocations went back from {View.Sequence} to {snapshot.Sequence}; start this follower anew if that was meant");
        }

        await CheckSignerAsync(signer, layer, cancellationToken);
        View.Begin(snapshot, layer);
        await View.TellAllAsync(cancellationToken);
        Taken?.Invoke(this, new StatementTakenEventArgs(snapshot));
    }

    // By what was known before, and by the snapshot itself, before anything is replaced by it.
    private async ValueTask CheckSignerAsync(Certificate signer, SetLayer layer, CancellationToken cancellationToken)
    {
        var member = RevocationMember.Of(signer.AuthorityKeyIdentifier.Span, signer.SerialNumber.Span);
        if (layer.Contains(member) is null)
        {
            await _sets.TryFetchAsync(layer, [layer.BucketOf(member)], cancellationToken);
        }

        if (layer.Contains(member) != false || (View.Sequence >= 0 && View.Find(signer) is RevocationStatus.Revoked or RevocationStatus.Held))
        {
            throw new FeedException("the snapshot is signed by a feed signer that is revoked, or of which it does not tell");
        }
    }

    /// <summary>Says that the view is stale when it becomes so, whatever the connection does.</summary>
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromTicks(Math.Max(_options.MaximumStaleness.Ticks / 20, TimeSpan.TicksPerMillisecond * 10)), _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                try
                {
                    await View.TellStalenessAsync(cancellationToken);
                }
#pragma warning disable CA1031 // What a handler throws must not end the watch: nobody else would tell the next silence.
                catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    Problem = failure.Message.TrimEnd('.');
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The follower ends.
        }
    }

    private TimeSpan Longer(TimeSpan wait) => wait * 2 < _options.LongestWait ? wait * 2 : _options.LongestWait;

    // At random, so that ten thousand followers of a server that was restarted do not come back in one moment.
    private async Task Delay(TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(wait + (wait * (RandomNumberGenerator.GetInt32(1000) / 2000.0)), _clock, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The follower ends.
        }
    }
}
