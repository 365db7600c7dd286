namespace AgentPki.Pkcs11;

/// <summary>Whether callers reach the token.</summary>
public enum BreakerState
{
    /// <summary>They do.</summary>
    Closed = 0,

    /// <summary>They do again; the first failure opens it anew.</summary>
    HalfOpen = 1,

    /// <summary>They are turned away at once; the appliance tries the token by itself.</summary>
    Open = 2,
}

/// <summary>How a token and the way to it are, at one moment.</summary>
/// <param name="Reason">Why the breaker is not closed; null while it is.</param>
/// <param name="RetryAfter">When the token is tried next; zero while callers pass.</param>
/// <param name="Sessions">Threads with a session of their own, busy or idle.</param>
/// <param name="Busy">Operations in the token now.</param>
/// <param name="Queued">Operations that wait for a session.</param>
/// <param name="Stuck">Calls that the module does not come back from; each holds a thread until it does.</param>
public sealed record TokenHealth(BreakerState Breaker, string? Reason, TimeSpan RetryAfter, int Sessions, int Busy, int Queued, int Stuck)
{
    public bool IsAvailable => Breaker != BreakerState.Open;
}
