using AgentPki.Storage.Sql;
using Microsoft.Extensions.Logging;

namespace AgentPki.Storage.Commit;

/// <summary>
/// Copies the write-ahead log into the database beside the writer, so that no commit waits for those flushes; only when the log has grown far
/// because the writer never rests does the writer finish the copy itself, and the log begins anew.
/// </summary>
/// <remarks>A larger log is also fewer writes: pages of the random indexes that many batches touch are copied once.</remarks>
internal sealed class WalCheckpointer : IAsyncDisposable
{
    /// <summary>From this many times the threshold on, the writer finishes the copy.</summary>
    private const int InlineFactor = 3;

    private readonly Func<SqlSession> _open;
    private readonly int _threshold;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private readonly Lock _copying = new();
    private int _log;
    private int _sinceLast;
    private int _inlineFrom;

    public WalCheckpointer(Func<SqlSession> open, int threshold, ILogger logger)
    {
        (_open, _threshold, _logger, _inlineFrom) = (open, threshold, logger, threshold * InlineFactor);
        _running = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Called by the writer after a commit.</summary>
    public void Notice(int framesWritten)
    {
        Interlocked.Add(ref _log, framesWritten);
        _sinceLast += framesWritten;
        if (_sinceLast >= _threshold && _wanted.CurrentCount == 0)
        {
            _sinceLast = 0;
            _wanted.Release();
        }
    }

    /// <summary>Called by the writer before a transaction.</summary>
    /// <exception cref="SqlException">The disk failed.</exception>
    public void BeforeBatch(SqlSession writer)
    {
        if (Volatile.Read(ref _log) >= _inlineFrom)
        {
            var left = Checkpoint(writer);

            // A reader that holds an old state keeps the log from beginning anew: come back after as much again, not every batch.
            _inlineFrom = left + (_threshold * InlineFactor);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
        _wanted.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            using var session = _open();
            while (true)
            {
                await _wanted.WaitAsync(_stopping.Token);
                TryCheckpoint(session);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping: closing the last connection copies the rest.
        }
        catch (SqlException failure)
        {
            Log.CheckpointFailed(_logger, failure);
        }
    }

    private void TryCheckpoint(SqlSession session)
    {
        try
        {
            Checkpoint(session);
        }
        catch (SqlException failure)
        {
            Log.CheckpointFailed(_logger, failure);
        }
    }

    /// <summary>Returns the frames left in the log; 0 when the next writer will begin it anew.</summary>
    private int Checkpoint(SqlSession session)
    {
        // The engine lets one connection copy at a time and sends a second away. The writer, when it comes here at all, waits for the copy that is under way
        // and finishes the rest: sent away each time, it would let a log grow that nobody ever catches up with.
        lock (_copying)
        {
            // Somebody else has just copied all of it: looking again would only stand in the way of the log's beginning anew.
            return Volatile.Read(ref _log) == 0 ? 0 : CheckpointCore(session);
        }
    }

    private int CheckpointCore(SqlSession session)
    {
        var seen = Volatile.Read(ref _log);
        var result = session.Prepared(SqliteDialect.Checkpoint);
        result.Read();
        var (log, copied) = ((int)result.GetInt64(1), (int)result.GetInt64(2));
        result.Reset();
        if (copied >= log && Interlocked.CompareExchange(ref _log, 0, seen) == seen)
        {
            return 0;
        }

        // The writer has gone on meanwhile, or a reader holds an old state. The engine's count corrects ours.
        Interlocked.Add(ref _log, log - seen);
        return log;
    }
}
