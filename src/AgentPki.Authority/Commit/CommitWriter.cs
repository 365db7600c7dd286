using System.Diagnostics;
using System.Threading.Channels;
using AgentPki.Authority.Revocation;
using AgentPki.Authority.Store;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Commit;

/// <summary>Limits of the <see cref="CommitWriter"/>.</summary>
public sealed record CommitWriterOptions
{
    /// <summary>Requests in one transaction at most.</summary>
    public int MaximumBatch { get; init; } = 256;

    /// <summary>Requests that wait at most; further callers wait to enter.</summary>
    public int Capacity { get; init; } = 4096;
}

/// <summary>
/// The single writer: drains waiting requests into one <see cref="ICommitStore.Apply"/> (one transaction, one fsync) and then releases
/// all their callers. There is no artificial delay: a batch is what arrived while the last one was being written.
/// </summary>
public sealed class CommitWriter : IAsyncDisposable
{
    private static readonly TimeSpan DistrustAfterFailure = TimeSpan.FromSeconds(10);
    private readonly ICommitStore _store;
    private readonly int _maximumBatch;
    private readonly Channel<PendingCommit> _queue;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AuthorityMetrics _metrics;
    private readonly ILogger _logger;
    private readonly IssuedSerials? _issued;
    private long _committedLeaves;
    private long _failedAt = long.MinValue;
    private volatile string? _stopped;

    /// <param name="revocations">Follows every committed revocation before its caller is released.</param>
    /// <param name="issued">Takes up every committed certificate before its caller is released; null: nobody asks for it.</param>
    public CommitWriter(ICommitStore store, CommitWriterOptions options, RevocationClock revocations, AuthorityMetrics metrics, ILogger<CommitWriter> logger, IssuedSerials? issued = null)
    {
        _issued = issued;
        (_store, _maximumBatch, Revocations, _metrics, _logger) = (store, options.MaximumBatch, revocations, metrics, logger);
        _queue = Channel.CreateBounded<PendingCommit>(new BoundedChannelOptions(options.Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
        _thread = new Thread(Run) { IsBackground = true, Name = "agentpki-commit" };
        _thread.Start();
    }

    /// <summary>What is revoked up to where, as of the last commit.</summary>
    public RevocationClock Revocations { get; }

    /// <summary>Leaves this writer has committed since it started: the checkpoint service looks whether it rose.</summary>
    public long CommittedLeaves => Volatile.Read(ref _committedLeaves);

    /// <summary>Why nothing is written any more, as a sentence; null: it is.</summary>
    public string? Stopped => _stopped;

    /// <summary>False for ten seconds after a failed batch unless one succeeds, and after shutdown. Then it is worth another try.</summary>
    public bool IsHealthy => _thread.IsAlive && (Volatile.Read(ref _failedAt) is var failed && (failed == long.MinValue || Stopwatch.GetElapsedTime(failed) > DistrustAfterFailure));

    /// <summary>Commits one decision and returns when it is durable, or when it met a conflict.</summary>
    /// <param name="cancellationToken">Ends the wait for a place in the queue only: what has been queued is written and its outcome returned.</param>
    /// <exception cref="StoreUnavailableException">Nothing was written, now or for good (<see cref="Stopped"/>).</exception>
    public async ValueTask<CommitOutcome> CommitAsync(CommitRequest request, CancellationToken cancellationToken)
    {
        RequireOpen();
        var pending = new PendingCommit(request);
        try
        {
            await _queue.Writer.WriteAsync(pending, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new StoreUnavailableException("The appliance is shutting down; nothing was written.");
        }

        return await pending.Task;
    }

    /// <summary>Writes nothing more for as long as this process lives: what waits is refused too. Reading goes on.</summary>
    /// <param name="reason">What every caller is told from now on, as a sentence.</param>
    public void Stop(string reason) => _stopped ??= reason;

    /// <exception cref="StoreUnavailableException">Nothing is written any more.</exception>
    public void RequireOpen()
    {
        if (_stopped is { } reason)
        {
            throw StoppedFor(reason);
        }
    }

    /// <summary>Takes no more requests, writes those that wait, ends the thread.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _drained.Task;
    }

    private static StoreUnavailableException StoppedFor(string reason) => new(reason) { IsForGood = true };

    private void Run()
    {
        var batch = new List<PendingCommit>(_maximumBatch);
        try
        {
            while (WaitForRequests())
            {
                while (batch.Count < _maximumBatch && _queue.Reader.TryRead(out var pending))
                {
                    batch.Add(pending);
                }

                Write(batch);
                batch.Clear();
            }
        }
        finally
        {
            _drained.SetResult();
        }
    }

    private bool WaitForRequests()
    {
        var wait = _queue.Reader.WaitToReadAsync();
        return wait.IsCompletedSuccessfully ? wait.Result : wait.AsTask().GetAwaiter().GetResult();
    }

    private void Write(List<PendingCommit> batch)
    {
        if (_stopped is { } reason)
        {
            batch.ForEach(pending => pending.Fail(StoppedFor(reason)));
            return;
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            var outcomes = _store.Apply(batch.ConvertAll(static p => p.Request));
            if (outcomes.Count != batch.Count)
            {
                throw new InvalidOperationException($"The store answered {outcomes.Count} of {batch.Count} requests.");
            }

            Volatile.Write(ref _failedAt, long.MinValue);
            Release(batch, outcomes);
            _metrics.Committed(batch.Count, Stopwatch.GetElapsedTime(started));
        }
        catch (Exception failure) // Whatever it was: every caller of this batch is told, and the writer goes on with the next.
        {
            Volatile.Write(ref _failedAt, Stopwatch.GetTimestamp());
            Log.BatchFailed(_logger, batch.Count, failure);
            var unavailable = failure as StoreUnavailableException ?? new StoreUnavailableException("The store failed; nothing was written.", failure);
            batch.ForEach(pending => pending.Fail(unavailable));
        }
    }

    private void Release(List<PendingCommit> batch, IReadOnlyList<CommitOutcome> outcomes)
    {
        // First the clock, then the callers: whoever is told "revoked" finds no cached answer that says good (invariant 7).
        for (var i = 0; i < batch.Count; i++)
        {
            if (outcomes[i] is CommitOutcome.Committed committed)
            {
                Revocations.Observe(batch[i].Request, committed);
                NoteIssued(batch[i].Request);
                Interlocked.Increment(ref _committedLeaves);
            }
        }

        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Complete(outcomes[i]);
        }
    }

    private void NoteIssued(CommitRequest request)
    {
        if (_issued is null)
        {
            return;
        }

        foreach (var change in request.Changes)
        {
            if (change is StoreChange.AddCertificate added)
            {
                _issued.Add(added.Certificate.Serial);
            }
        }
    }

    private sealed class PendingCommit(CommitRequest request)
    {
        // Asynchronously: a caller's continuation must not run on, and hold up, the writer's thread.
        private readonly TaskCompletionSource<CommitOutcome> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public CommitRequest Request { get; } = request;

        public Task<CommitOutcome> Task => _completion.Task;

        public void Complete(CommitOutcome outcome) => _completion.TrySetResult(outcome);

        public void Fail(StoreUnavailableException failure) => _completion.TrySetException(failure);
    }
}
