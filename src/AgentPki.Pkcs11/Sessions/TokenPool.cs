using System.Collections.Concurrent;
using System.Collections.Frozen;
using AgentPki.Cryptography;
using AgentPki.Pkcs11.Native;
using Microsoft.Extensions.Logging;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// The way to one token: a bounded queue, a bounded number of threads with a session each, one login, a deadline for every caller and a breaker in front.
/// Operations run on the pool's own threads, never on a request's.
/// </summary>
internal sealed partial class TokenPool : IAsyncDisposable
{
    private readonly Pkcs11Options _options;
    private readonly ILogger _log;
    private readonly TokenBreaker _breaker;
    private readonly ConcurrentDictionary<SessionThread, byte> _threads = new();
    private readonly ITimer _watchdog;
    private readonly Pkcs11Metrics _metrics;
    private int _numbered;
    private int _stopping;

    public TokenPool(Pkcs11Options options, TimeProvider time, ILogger log)
    {
        options.Validate();
        (_options, Time, _log) = (options, time, log);
        _breaker = new TokenBreaker(time, options.BreakerFailures, options.BreakerPause, options.BreakerLongestPause);
        Queue = new OperationQueue(options.MaxQueued);
        _wanted = options.EffectiveSessions;
        for (var i = 0; i < _wanted; i++)
        {
            StartThread();
        }

        _metrics = new Pkcs11Metrics(options.Name, () => Health);
        var tick = TimeSpan.FromMilliseconds(Math.Clamp(options.CallDeadline.TotalMilliseconds / 20, 10, 250));
        _watchdog = time.CreateTimer(static pool => ((TokenPool)pool!).Watch(), this, tick, tick);
    }

    public TimeProvider Time { get; }

    public OperationQueue Queue { get; }

    public Pkcs11Options Options => _options;

    /// <summary>The present login; null before the first and while the token is away.</summary>
    public TokenConnection? Connection => Volatile.Read(ref _connection);

    /// <summary>What the token listed when it was last reached; null before the first time.</summary>
    public FrozenSet<ulong>? LastMechanisms => Volatile.Read(ref _mechanisms);

    public TokenModule Module => _module ?? throw new InvalidOperationException("No operation runs before the module is loaded.");

    /// <summary>False while callers are turned away.</summary>
    public bool IsAvailable => _breaker.State != BreakerState.Open;

    public TokenHealth Health => new(
        _breaker.State,
        _breaker.Reason,
        _breaker.RetryAfter,
        _threads.Keys.Count(t => t.HasSession),
        _threads.Keys.Count(t => t.Running is not null),
        Queue.Count,
        Volatile.Read(ref _stuck));

    /// <summary>Queues an operation; its task ends with the result, the token's refusal, or at the deadline.</summary>
    /// <exception cref="KeyUnavailableException">The breaker is open or the queue full: nothing was queued.</exception>
    /// <exception cref="OperationCanceledException">Cancelled already.</exception>
    public Task<T> RunAsync<T>(TokenOperation<T> operation, CancellationToken cancellationToken)
        where T : notnull
    {
        cancellationToken.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _stopping) != 0, this);
        if (_breaker.State == BreakerState.Open)
        {
            throw Unavailable();
        }

        operation.Queued = Time.GetTimestamp();
        operation.CancelWith(cancellationToken);
        if (!Queue.TryEnqueue(operation))
        {
            operation.TryAbandon();
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _stopping) != 0, this);
            throw new KeyUnavailableException($"The token '{_options.TokenLabel}' has {_options.MaxQueued} operations waiting; it cannot keep up.", TimeSpan.FromSeconds(1));
        }

        if (Volatile.Read(ref _stopping) != 0)
        {
            // Disposed between the question above and here: no thread may be left to take it.
            FailQueue(new ObjectDisposedException(nameof(Pkcs11Provider)));
        }

        return operation.Task;
    }

    /// <summary>Finishes what is queued, ends the threads, logs out and gives the module back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopping, 1) != 0)
        {
            return;
        }

        await _watchdog.DisposeAsync();
        Queue.Close();
        await Task.Run(JoinThreads);
        FailQueue(new ObjectDisposedException(nameof(Pkcs11Provider)));
        _metrics.Dispose();
        if (_module is { } module)
        {
            // A call that never comes back keeps its side of the gate: then nothing more can be given back.
            if (Volatile.Read(ref _stuck) == 0)
            {
                module.Enter();
                Disconnect(Connection);
                module.Exit();
            }

            module.Release();
        }
    }

    /// <summary>Asked by an idle thread.</summary>
    internal bool HasTooMany(SessionThread thread) => _threads.Count > _wanted && !thread.HasSession;

    internal void Ended(SessionThread thread)
    {
        if (_module is { } module)
        {
            module.Enter();
            thread.CloseSession();
            module.Exit();
        }

        _threads.TryRemove(thread, out _);
        if (_writtenOff.TryRemove(thread, out _))
        {
            Interlocked.Decrement(ref _stuck);
            Log.StuckCallReturned(_log, _options.TokenLabel);
        }
    }

    private void StartThread()
    {
        var thread = new SessionThread(this, Interlocked.Increment(ref _numbered));
        _threads.TryAdd(thread, 0);
        thread.Start();
    }

    private void JoinThreads()
    {
        var started = Time.GetTimestamp();
        foreach (var thread in _threads.Keys)
        {
            var left = _options.CallDeadline - Time.GetElapsedTime(started);
            if (!thread.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero))
            {
                WriteOff(thread);
            }
        }
    }

    private KeyUnavailableException Unavailable() =>
        new($"The token '{_options.TokenLabel}' is down and tried again by itself. {_breaker.Reason}", _breaker.RetryAfter);
}
