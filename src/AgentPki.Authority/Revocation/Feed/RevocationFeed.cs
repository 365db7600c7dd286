using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.Ledger.Revocations;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Revocation.Feed;

/// <summary>
/// The revocation feed (docs/revocation-feed.md): one loop that makes, signs and stores a statement for each revocation, once, however many subscribers there are, and says between them
/// that nothing more happened. Subscribers hold a place in it and nothing else: each reads <see cref="Window"/>, or the store where it is far behind.
/// </summary>
public sealed class RevocationFeed : IAsyncDisposable
{
    private const int Page = 64;
    private static readonly TimeSpan NextTry = TimeSpan.FromSeconds(1);
    private readonly IRevocationStore _revocations;
    private readonly IFeedStore _store;
    private readonly CommitWriter _commits;
    private readonly FeedSignerKeeper _signers;
    private readonly FeedStatements _statements;
    private readonly FeedSnapshots _snapshots;
    private readonly FeedSets _sets;
    private readonly FeedOptions _options;
    private readonly AuthorityMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _readingSet = new(1, 1);
    private FeedWindow _window = new([], 0, null);
    private Task _running = Task.CompletedTask;
    private bool _silent;

    internal RevocationFeed(
        IRevocationStore revocations,
        IFeedStore store,
        CommitWriter commits,
        FeedSignerKeeper signers,
        FeedStatements statements,
        FeedOptions options,
        AuthorityMetrics metrics,
        TimeProvider time,
        ILogger<RevocationFeed> logger)
    {
        (_revocations, _store, _commits, _signers, _statements, _options, _metrics, _time, _logger) = (revocations, store, commits, signers, statements, options, metrics, time, logger);
        _sets = new FeedSets(options.CachedSetOctets);
        _snapshots = new FeedSnapshots(statements, signers, commits.Revocations, options.SnapshotInterval, time, logger, _stopping.Token);
    }

    /// <summary>The newest of it. Before <see cref="StartAsync"/> there is nothing.</summary>
    public FeedWindow Window => Volatile.Read(ref _window);

    /// <summary>Whether a profile provides for it.</summary>
    public bool IsThere => _signers.IsProvidedFor;

    /// <summary>When the appliance stops, subscribers are to end.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Begins to speak, from the first event without a statement on. False: no profile provides for a signer, and there is no feed.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<bool> StartAsync(CancellationToken cancellationToken)
    {
        if (!_signers.IsProvidedFor)
        {
            Log.NoFeed(_logger);
            return false;
        }

        // Where nothing was ever said, what happened before is in the snapshot.
        var last = await _store.LastStatementAsync(cancellationToken) ?? _commits.Revocations.Epoch;
        var kept = await _store.ListStatementsAsync(Math.Max(0, last - _options.WindowStatements), _options.WindowStatements, cancellationToken);
        _window = new FeedWindow([.. kept.Select(s => new FeedEntry(s.Sequence, s.Kind, s.Jws))], last, null);
        Log.FeedStarted(_logger, last);
        _running = Task.Run(() => RunAsync(_stopping.Token), CancellationToken.None);
        return true;
    }

    /// <summary>Up to 64 events after a sequence, oldest first, from memory or the store; null when they are not kept, or are not there yet: the caller needs a snapshot.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<IReadOnlyList<FeedEntry>?> ReadAsync(long after, CancellationToken cancellationToken)
    {
        var window = Window;
        if (window.After(after) is { } inMemory)
        {
            return [.. inMemory.Take(Page)];
        }

        if (after < 0 || after > window.Last)
        {
            // A snapshot may be a moment ahead of the statements.
            return after > window.Last && after <= _commits.Revocations.Epoch ? [] : null;
        }

        var stored = await _store.ListStatementsAsync(after, Page, cancellationToken);
        return stored is [{ Sequence: var first }, ..] && first == after + 1 ? [.. stored.Select(s => new FeedEntry(s.Sequence, s.Kind, s.Jws))] : null;
    }

    /// <summary>The statement of the snapshot that a newcomer begins with; null: there is no feed.</summary>
    /// <exception cref="KeyUnavailableException">The token cannot sign now.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<FeedEntry?> SnapshotAsync(CancellationToken cancellationToken)
    {
        var window = Window;
        return await _snapshots.CurrentAsync(window.Events is [var oldest, ..] ? oldest.Sequence - 1 : window.Last, cancellationToken);
    }

    /// <summary>A set by its name; null: there is none of that name, or it is not kept any more.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public async ValueTask<RevocationSetServing?> FindSetAsync(string name, CancellationToken cancellationToken)
    {
        if (_snapshots.FindSet(name) is { } snapshot)
        {
            return snapshot;
        }

        if (_sets.Find(name) is { } known)
        {
            return known;
        }

        // One at a time: after a restart ten thousand followers ask for parts of the same set.
        await _readingSet.WaitAsync(cancellationToken);
        try
        {
            return _sets.Find(name) ?? await ReadSetAsync(name, cancellationToken);
        }
        finally
        {
            _readingSet.Release();
        }
    }

    private async ValueTask<RevocationSetServing?> ReadSetAsync(string name, CancellationToken cancellationToken)
    {
        if (!long.TryParse(name.AsSpan(0, Math.Max(0, name.IndexOf('-', StringComparison.Ordinal))), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            || await _store.FindSetAsync(sequence, cancellationToken) is not { } stored || !TryReadSet(stored.Statement.Jws, out var stated) || stated.Name != name
            || !RevocationSet.TryRead(stored.Set, stated.Commitment, out var set, out _))
        {
            return null;
        }

        var serving = new RevocationSetServing(set);
        _sets.Add(name, serving);
        return serving;
    }

    /// <summary>The certificate of a signer, with its chain, as a certs-only message; null: none of that thumbprint ever signed here.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be read.</exception>
    public ValueTask<byte[]?> FindSignerAsync(ReadOnlyMemory<byte> thumbprint, CancellationToken cancellationToken) => _store.FindSignerAsync(thumbprint, cancellationToken);

    /// <summary>Counts a stream; disposing it ends the count.</summary>
    public FeedSubscription Subscribe() => new(_metrics);

    /// <summary>Ends the loop, and with it what subscribers wait for.</summary>
    public async ValueTask StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _signers.DisposeAsync();
        _snapshots.Dispose();
        _readingSet.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        // Of elapsed time: were it the clock's, a clock set back by an hour would silence the heartbeat for an hour.
        long? beaten = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await SpeakAsync(cancellationToken);
                if (beaten is not { } last || _time.GetElapsedTime(last) >= _options.Heartbeat)
                {
                    last = _time.GetTimestamp();
                    beaten = await BeatAsync(_time.GetUtcNow(), cancellationToken) ? last : null;
                }

                _silent = false;
                await WaitAsync(beaten is null ? TimeSpan.Zero : _options.Heartbeat - _time.GetElapsedTime(last), cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever it was, the feed must go on, and nobody else would see it.
            catch (Exception failure)
#pragma warning restore CA1031
            {
                if (!_silent)
                {
                    Log.FeedSilent(_logger, failure);
                }

                _silent = true;
                await Task.Delay(NextTry, _time, CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Statements for all events that have none.</summary>
    private async ValueTask SpeakAsync(CancellationToken cancellationToken)
    {
        while (_commits.Revocations.Epoch > Window.Last && await _revocations.ListEventsAsync(Window.Last, Page, cancellationToken) is { Count: > 0 } events)
        {
            foreach (var happened in events)
            {
                var (statement, set) = await _statements.OfAsync(happened, cancellationToken);
                var entry = FeedEntry.Of(statement, await SignAsync(statement, cancellationToken));
                var kept = new StoreChange.AddFeedStatement(
                    new FeedStatement(entry.Sequence, entry.Kind, entry.Jws, statement.Signed, set), entry.Sequence - _options.KeptStatements, statement.Signed - _options.KeptFor);
                if (await _commits.CommitAsync(new CommitRequest(null, [kept]), cancellationToken) is CommitOutcome.Conflict conflict)
                {
                    // Stored after all by a commit whose outcome was in doubt: that one is the statement.
                    entry = (await _store.ListStatementsAsync(Window.Last, 1, cancellationToken)).Where(s => s.Sequence == entry.Sequence).Select(s => new FeedEntry(s.Sequence, s.Kind, s.Jws)).FirstOrDefault()
                        ?? throw new InvalidOperationException(conflict.Reason);
                }

                if (set is not null && statement.Set is { } stated && RevocationSet.TryRead(set, stated.Commitment, out var read, out _))
                {
                    _sets.Add(stated.Name, new RevocationSetServing(read));
                }

                var window = Window;
                Replace(new FeedWindow([.. window.Events.Skip(window.Events.Count - _options.WindowStatements + 1), entry], entry.Sequence, window.Heartbeat));
                _metrics.FeedSpoke(entry.Kind, _time.GetUtcNow() - happened.Time);
            }
        }
    }

    /// <summary>False: something came in between, and has to be spoken of first.</summary>
    private async ValueTask<bool> BeatAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        // The time was read first: what is committed from here on is after it. Where something came in between, the next round speaks of it before it beats.
        var window = Window;
        if (_commits.Revocations.Epoch > window.Last)
        {
            return false;
        }

        var statement = await _statements.HeartbeatAsync(window.Last, now, cancellationToken);
        Replace(new FeedWindow(window.Events, window.Last, FeedEntry.Of(statement, await SignAsync(statement, cancellationToken))));
        _metrics.FeedSpoke("heartbeat", null);
        return true;
    }

    private async ValueTask<string> SignAsync(RevocationStatement statement, CancellationToken cancellationToken) =>
        await _signers.CurrentAsync(cancellationToken) is { } signer
            ? await signer.SignAsync(statement, cancellationToken)
            : throw new KeyUnavailableException("No profile provides for a signer of the revocation feed any more.", NextTry);

    private void Replace(FeedWindow next)
    {
        var before = _window;
        Volatile.Write(ref _window, next);
        before.Replace();
    }

    /// <summary>Until something is revoked, or the heartbeat is due.</summary>
    private async ValueTask WaitAsync(TimeSpan untilHeartbeat, CancellationToken cancellationToken)
    {
        if (untilHeartbeat <= TimeSpan.Zero)
        {
            return;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(_commits.Revocations.WaitBeyondAsync(Window.Last, ending.Token).AsTask(), Task.Delay(untilHeartbeat, _time, ending.Token));
        await ending.CancelAsync();
    }

    private static bool TryReadSet(string text, [NotNullWhen(true)] out StatedSet? set)
    {
        set = CompactJws.TryParse(text, out var jws, out _) && RevocationStatement.TryParse(jws.Payload.Span, out var statement, out _) ? (statement as RevocationEventStatement)?.Set : null;
        return set is not null;
    }
}
