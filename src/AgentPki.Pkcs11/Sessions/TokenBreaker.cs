namespace AgentPki.Pkcs11.Sessions;

/// <summary>
/// Turns callers away while the token is down, so that nobody waits for what cannot come and a struggling token is not beaten.
/// </summary>
/// <remarks>
/// Closed: all pass; some failures in a row open it. Open: nobody passes, the pool itself tries the token after a pause, which doubles as long as tries
/// fail. Half-open, after a try that succeeded: all pass, the first success closes it, the first failure opens it with the next longer pause.
/// </remarks>
internal sealed class TokenBreaker
{
    private readonly TimeProvider _time;
    private readonly int _failuresToOpen;
    private readonly TimeSpan _firstPause;
    private readonly TimeSpan _longestPause;
    private readonly Lock _gate = new();
    private int _failures;
    private TimeSpan _pause;
    private long _openedAt;
    private bool _trying;
    private volatile BreakerState _state;
    private volatile string? _reason;

    public TokenBreaker(TimeProvider time, int failuresToOpen, TimeSpan firstPause, TimeSpan longestPause) =>
        (_time, _failuresToOpen, _firstPause, _longestPause, _pause) = (time, failuresToOpen, firstPause, longestPause, firstPause);

    public BreakerState State => _state;

    /// <summary>The last failure, explained; null while closed.</summary>
    public string? Reason => _reason;

    /// <summary>When the token is tried next, from now; zero while callers pass.</summary>
    public TimeSpan RetryAfter
    {
        get
        {
            lock (_gate)
            {
                var left = _pause - _time.GetElapsedTime(_openedAt);
                return _state != BreakerState.Open ? TimeSpan.Zero : left > _firstPause ? left : _firstPause;
            }
        }
    }

    /// <summary>True when this success closed the breaker.</summary>
    public bool Succeeded()
    {
        if (_state == BreakerState.Closed && Volatile.Read(ref _failures) == 0)
        {
            return false;
        }

        lock (_gate)
        {
            if (_state == BreakerState.Open)
            {
                // A straggler that began before the breaker opened: the next try decides.
                return false;
            }

            var closed = _state == BreakerState.HalfOpen;
            (_failures, _pause, _state, _reason) = (0, _firstPause, BreakerState.Closed, null);
            return closed;
        }
    }

    /// <summary>True when this failure opened the breaker.</summary>
    public bool Failed(string reason, bool atOnce = false)
    {
        lock (_gate)
        {
            _reason = reason;
            if (_state == BreakerState.Open || (_state == BreakerState.Closed && ++_failures < _failuresToOpen && !atOnce))
            {
                return false;
            }

            if (_state == BreakerState.HalfOpen)
            {
                LengthenPause();
            }

            (_state, _openedAt) = (BreakerState.Open, _time.GetTimestamp());
            return true;
        }
    }

    /// <summary>True for one caller when the pause is over; it answers with <see cref="TrySucceeded"/> or <see cref="TryFailed"/>.</summary>
    public bool BeginTry()
    {
        lock (_gate)
        {
            if (_state != BreakerState.Open || _trying || _time.GetElapsedTime(_openedAt) < _pause)
            {
                return false;
            }

            return _trying = true;
        }
    }

    public void TrySucceeded()
    {
        lock (_gate)
        {
            _trying = false;
            _state = _state == BreakerState.Open ? BreakerState.HalfOpen : _state;
        }
    }

    public void TryFailed(string reason)
    {
        lock (_gate)
        {
            (_trying, _reason, _openedAt) = (false, reason, _time.GetTimestamp());
            LengthenPause();
        }
    }

    private void LengthenPause() => _pause = _pause * 2 < _longestPause ? _pause * 2 : _longestPause;
}
