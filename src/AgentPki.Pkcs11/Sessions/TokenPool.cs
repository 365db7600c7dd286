using System.Collections.Concurrent;
using System.Diagnostics;
using AgentPki.Cryptography;
using Microsoft.Extensions.Logging;
using Net.Pkcs11Interop.Common;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// The way to the token: a bounded queue, a bounded number of session threads, one login, a deadline for every caller and a breaker in front.
/// </summary>
internal sealed class TokenPool : IAsyncDisposable
{
    private readonly Pkcs11Options _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly TokenModule _module;
    private readonly BlockingCollection<TokenOperation> _queue;
    private readonly ConcurrentDictionary<SessionThread, byte> _threads = new();
    private readonly Lock _gate = new();
    private readonly Pkcs11Metrics _metrics;
    private TokenConnection? _connection;
    private long _generation;
    private int _numbered;
    private int _stuck;
    private int _failedConnects;

    public TokenPool(Pkcs11Options options, TimeProvider time, ILogger log)
    {
        (_options, _time, _log) = (options, time, log);
        Breaker = new TokenBreaker(time, options.BreakerFailures, options.BreakerPause);
        _module = TokenModule.Acquire(options.ModulePath, options.Environment, options.Token.Preload);
        _queue = new BlockingCollection<TokenOperation>(options.MaxQueued);
        _metrics = new Pkcs11Metrics(options.Name, () => (int)Breaker.State, () => _threads.Count, () => _queue.Count);
        var sessions = options.Token.SessionLimit > 1 ? Math.Min(options.MaxSessions, options.Token.SessionLimit - 1) : options.MaxSessions;
        for (var i = 0; i < sessions; i++)
        {
            StartThread();
        }
    }

    public TokenBreaker Breaker { get; }

    /// <summary>Runs <paramref name="call"/> on a session thread.</summary>
    /// <param name="name">The PKCS#11 call and mechanism or template, for errors.</param>
    /// <exception cref="KeyUnavailableException">Breaker open, queue full, deadline passed, or the token failed.</exception>
    public async ValueTask<T> RunAsync<T>(string name, Func<TokenSession, T> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!Breaker.TryEnter(out var retryAfter))
        {
            throw new KeyUnavailableException($"The token '{_options.TokenLabel}' is down: {Breaker.Reason}", retryAfter);
        }

        var operation = new TokenOperation<T>(name, call);
        if (!_queue.TryAdd(operation))
        {
            throw new KeyUnavailableException($"The token '{_options.TokenLabel}' has {_options.MaxQueued} operations waiting.", TimeSpan.FromSeconds(1));
        }

        var started = Stopwatch.GetTimestamp();
        try
        {
            return await operation.Task.WaitAsync(_options.CallDeadline, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw Overdue(operation);
        }
        catch (OperationCanceledException) when (!operation.TryAbandon())
        {
            // Once begun it is finished, and its caller hears how it ended.
            return await operation.Task.WaitAsync(_options.CallDeadline, _time, CancellationToken.None);
        }
        finally
        {
            _metrics.Called(name, Stopwatch.GetElapsedTime(started));
        }
    }

    /// <summary>On a session thread: one call, once more on a fresh session where the token says that the old one is stale.</summary>
    internal void Execute(SessionThread thread, TokenOperation operation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                operation.Execute(thread.Session(Connect()));
                Breaker.Succeeded();
                return;
            }
            catch (Pkcs11Exception e)
            {
                thread.CloseSession();
                _metrics.Failed(operation.Name, e.RV);
                if (CkrExplanation.IsStale(e.RV) && attempt == 0)
                {
                    Log.SessionStale(_log, operation.Name, e.RV.ToString());
                    Disconnect();
                    continue;
                }

                operation.Fail(Explain(operation, e));
                return;
            }
            catch (TokenNotFoundException e)
            {
                thread.CloseSession();
                var reason = $"{e.Message} Check that the token's store is there and readable (agentpki doctor).";
                operation.Fail(TokenFailed(reason, e));
                return;
            }
#pragma warning disable CA1031 // Whatever a call throws is its caller's to hear; the thread lives on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                operation.Fail(e);
                return;
            }
        }
    }

    internal void Ended(SessionThread thread, bool writtenOff)
    {
        _threads.TryRemove(thread, out _);
        if (writtenOff)
        {
            Interlocked.Decrement(ref _stuck);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _queue.CompleteAdding();
        var deadline = _time.GetUtcNow() + _options.CallDeadline;
        foreach (var thread in _threads.Keys)
        {
            var left = deadline - _time.GetUtcNow();
            await Task.Run(() => thread.Thread.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero));
        }

        Disconnect();
        // A module with a thread stuck inside must not be finalized under it.
        if (Volatile.Read(ref _stuck) == 0)
        {
            _module.Dispose();
        }

        _metrics.Dispose();
        _queue.Dispose();
    }

    private TokenConnection Connect()
    {
        var current = Volatile.Read(ref _connection);
        if (current is not null)
        {
            return current;
        }

        lock (_gate)
        {
            if (_connection is null)
            {
                // Some modules see a token come back only after being initialised again.
                if (_failedConnects > 0 && Volatile.Read(ref _stuck) == 0)
                {
                    _module.Restart();
                }

                _failedConnects++;
                _connection = TokenConnection.Open(_module.Library, _options, ++_generation);
                _failedConnects = 0;
                Log.Connected(_log, _options.TokenLabel, _generation);
            }

            return _connection;
        }
    }

    private void Disconnect()
    {
        lock (_gate)
        {
            _connection?.Dispose();
            _connection = null;
        }
    }

    private KeyUnavailableException Overdue(TokenOperation operation)
    {
        var seconds = $"{_options.CallDeadline.TotalSeconds:0.#} s";
        if (operation.TryAbandon())
        {
            return new KeyUnavailableException($"{operation.Name} found no free session within {seconds}: the token has more work than it can do.", TimeSpan.FromSeconds(1));
        }

        if (operation.Thread is { } thread && thread.WriteOff())
        {
            // The module does not come back. Another thread takes over, within bounds: stuck threads are never more than sessions.
            Log.ThreadWrittenOff(_log, operation.Name);
            if (Interlocked.Increment(ref _stuck) <= _options.MaxSessions)
            {
                StartThread();
            }
        }

        var reason = $"{operation.Name} was not answered within {seconds}. The token or the way to it hangs.";
        Breaker.Failed(reason);
        Log.TokenFailed(_log, _options.TokenLabel, reason);
        return new KeyUnavailableException(reason, _options.BreakerPause);
    }

    private Exception Explain(TokenOperation operation, Pkcs11Exception e)
    {
        var text = CkrExplanation.Explain(operation.Name, e.RV);
        if (CkrExplanation.IsPinRefused(e.RV))
        {
            Breaker.Lock(text);
            Log.PinRefused(_log, _options.TokenLabel, e.RV.ToString());
            return new KeyUnavailableException(text, TimeSpan.FromSeconds(30), e);
        }

        return CkrExplanation.IsCallersFault(e.RV) ? new NotSupportedException(text, e) : TokenFailed(text, e);
    }

    private KeyUnavailableException TokenFailed(string reason, Exception? inner)
    {
        Disconnect();
        Breaker.Failed(reason);
        Log.TokenFailed(_log, _options.TokenLabel, reason);
        return new KeyUnavailableException(reason, _options.BreakerPause, inner);
    }

    private void StartThread()
    {
        var thread = new SessionThread(this, _queue, Interlocked.Increment(ref _numbered));
        _threads.TryAdd(thread, 0);
    }
}
