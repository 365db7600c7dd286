using System.Collections.Concurrent;
using AgentPki.Cryptography;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>Deadlines: one timer looks at everything that waits or runs, so that a signature costs no timer of its own.</summary>
internal sealed partial class TokenPool
{
    private static readonly TimeSpan FewerSessionsFor = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<SessionThread, byte> _writtenOff = new();
    private int _wanted;
    private long _wantedSince;
    private int _stuck;
    private int _watching;

    private void Watch()
    {
        // A slow round must not meet the next one.
        if (Interlocked.Exchange(ref _watching, 1) != 0)
        {
            return;
        }

        try
        {
            ExpireQueued();
            ExpireRunning();
            KeepThreads();
            TryToRecover();
        }
        finally
        {
            Volatile.Write(ref _watching, 0);
        }
    }

    private void ExpireQueued()
    {
        foreach (var operation in Queue.Waiting)
        {
            if (Time.GetElapsedTime(operation.Queued) > operation.Deadline && operation.TryAbandon())
            {
                operation.Fail(new KeyUnavailableException(
                    $"No session was free for '{operation.Name}' within {Seconds(operation.Deadline)}: the token '{_options.TokenLabel}' has more work than it can do.",
                    TimeSpan.FromSeconds(1)));
            }
        }
    }

    private void ExpireRunning()
    {
        foreach (var thread in _threads.Keys)
        {
            if (thread.Running is not { } operation || Time.GetElapsedTime(operation.Queued) <= operation.Deadline)
            {
                continue;
            }

            var reason = $"The call for '{operation.Name}' did not come back from the token '{_options.TokenLabel}' within {Seconds(operation.Deadline)}; the token or the way to it hangs.";
            operation.Fail(new KeyUnavailableException(reason, _options.BreakerPause));
            if (Time.GetElapsedTime(operation.BegunAt) > operation.Deadline && WriteOff(thread))
            {
                Log.CallStuck(_log, _options.TokenLabel, operation.Name);
                CountFailure(reason);
            }
        }
    }

    /// <summary>Gives a thread up with its session. Its call still runs: such threads are bounded by <see cref="KeepThreads"/>.</summary>
    private bool WriteOff(SessionThread thread)
    {
        if (!_writtenOff.TryAdd(thread, 0))
        {
            return false;
        }

        Interlocked.Increment(ref _stuck);
        thread.WriteOff();
        _threads.TryRemove(thread, out _);
        return true;
    }

    /// <summary>As many working threads as wanted, but never more threads in all than twice the sessions: the rest hang in the module.</summary>
    private void KeepThreads()
    {
        if (_wanted < _options.EffectiveSessions && Time.GetElapsedTime(_wantedSince) > FewerSessionsFor)
        {
            Volatile.Write(ref _wanted, _options.EffectiveSessions);
        }

        while (_threads.Count < _wanted && _threads.Count + Volatile.Read(ref _stuck) < 2 * _options.EffectiveSessions && Volatile.Read(ref _stopping) == 0)
        {
            StartThread();
        }

        if (_threads.IsEmpty && _breaker.State != BreakerState.Open)
        {
            CountFailure($"{_stuck} calls do not come back from the module of token '{_options.TokenLabel}'. Mend the token or the way to it; if they never come back, restart the appliance.", atOnce: true);
        }
    }

    /// <summary>Nobody waits for what cannot come: the breaker has opened, or the pool is gone.</summary>
    private void FailQueue(Exception reason)
    {
        foreach (var operation in Queue.Waiting)
        {
            if (!operation.IsRecovery && operation.TryAbandon())
            {
                operation.Fail(reason);
            }
        }
    }

    private static string Seconds(TimeSpan span) => $"{span.TotalSeconds:0.##} s";
}
