namespace AgentPki.Pkcs11.Sessions;

internal enum BreakerState
{
    Closed = 0,
    HalfOpen = 1,
    Open = 2,
}

/// <summary>
/// Turns callers away while the token is down, so that nobody waits for what cannot come and a struggling token is not beaten. After a pause one caller is
/// let through as a probe; its success closes the breaker, its failure doubles the pause (up to 30 s).
/// </summary>
internal sealed class TokenBreaker
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly int _failuresToOpen;
    private readonly TimeSpan _firstPause;
    private readonly Lock _gate = new();
    private int _failures;
    private TimeSpan _pause;
    private DateTimeOffset _openUntil;
    private volatile BreakerState _state;
    private bool _locked;

    public TokenBreaker(TimeProvider time, int failuresToOpen, TimeSpan firstPause)
    {
        (_time, _failuresToOpen, _firstPause) = (time, failuresToOpen, firstPause);
        _pause = firstPause;
    }

    public BreakerState State => _state;

    /// <summary>The last failure, explained; null while closed.</summary>
    public string? Reason { get; private set; }

    /// <summary>Whether a caller may go on; else how long it should stay away.</summary>
    public bool TryEnter(out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (_state == BreakerState.Closed)
        {
            return true;
        }

        lock (_gate)
        {
            var now = _time.GetUtcNow();
            if (_state == BreakerState.Closed)
            {
                return true;
            }

            if (_locked || now < _openUntil)
            {
                retryAfter = _openUntil > now ? _openUntil - now : _firstPause;
                return false;
            }

            _state = BreakerState.HalfOpen;
            // A probe whose caller vanishes must not keep the door shut for ever.
            _openUntil = now + _pause;
            return true;
        }
    }

    public void Succeeded()
    {
        if (_state == BreakerState.Closed && _failures == 0)
        {
            return;
        }

        lock (_gate)
        {
            (_failures, _pause, _state, Reason) = (0, _firstPause, BreakerState.Closed, null);
        }
    }

    public void Failed(string reason)
    {
        lock (_gate)
        {
            Reason = reason;
            if (_state == BreakerState.HalfOpen)
            {
                _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
            }
            else if (++_failures < _failuresToOpen)
            {
                return;
            }

            _state = BreakerState.Open;
            _openUntil = _time.GetUtcNow() + _pause;
        }
    }

    /// <summary>Stays open until the process is started again: a wrong PIN tried on and on locks the token.</summary>
    public void Lock(string reason)
    {
        lock (_gate)
        {
            (_locked, _state, Reason) = (true, BreakerState.Open, reason);
            _openUntil = _time.GetUtcNow() + LongestPause;
        }
    }
}
