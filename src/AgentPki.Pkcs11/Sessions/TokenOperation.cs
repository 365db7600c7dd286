namespace AgentPki.Pkcs11.Sessions;

/// <summary>One piece of work waiting for a session thread. Begun at most once; cancelled only before it began.</summary>
internal abstract class TokenOperation(string name, TimeSpan deadline)
{
    private const int Waiting = 0, Begun = 1, Abandoned = 2;
    private int _state;
    private CancellationTokenRegistration _cancellation;

    /// <summary>What it is, for logs and metrics: <c>sign ecdsa-sha256</c>.</summary>
    public string Name { get; } = name;

    /// <summary>How long its caller waits, from <see cref="Queued"/> on.</summary>
    public TimeSpan Deadline { get; } = deadline;

    /// <summary>When it was queued and when it began, as timestamps of the pool's TimeProvider.</summary>
    public long Queued { get; set; }

    public long BegunAt { get; set; }

    /// <summary>True for the pool's own tries while the breaker is open.</summary>
    public virtual bool IsRecovery => false;

    /// <summary>False when the caller has given up already.</summary>
    public bool TryBegin()
    {
        var begun = Interlocked.CompareExchange(ref _state, Begun, Waiting) == Waiting;
        if (begun)
        {
            _cancellation.Dispose();
        }

        return begun;
    }

    /// <summary>True when it will never begin; false when it has begun.</summary>
    public bool TryAbandon()
    {
        var abandoned = Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Waiting;
        if (abandoned)
        {
            _cancellation.Dispose();
        }

        return abandoned;
    }

    /// <summary>Back to waiting: another thread will begin it. Only its own thread may say so.</summary>
    public void PutBack() => Interlocked.Exchange(ref _state, Waiting);

    /// <summary>Cancellation counts until the operation begins (invariant 6: a signature once begun is finished).</summary>
    public void CancelWith(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(static (o, token) => ((TokenOperation)o!).Cancel(token), this);
        }
    }

    /// <summary>Does the work; what it throws is the token's answer.</summary>
    public abstract void Run(TokenSession session);

    /// <summary>False once a second try could do the same thing twice (a key made and its answer lost).</summary>
    public virtual bool MayTryAgain => true;

    /// <summary>Before a second try: forget object handles.</summary>
    public virtual void ForgetHandles()
    {
    }

    /// <summary>Hands the result over. False when the caller has given up (deadline): the result is then nobody's.</summary>
    public abstract bool Complete();

    /// <summary>Takes back what <see cref="Run"/> made and nobody took.</summary>
    public virtual void Undo(TokenSession session)
    {
    }

    public abstract bool Fail(Exception exception);

    protected abstract void SetCancelled(CancellationToken cancellationToken);

    private void Cancel(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Waiting)
        {
            SetCancelled(cancellationToken);
        }
    }
}

/// <summary>An operation with a result.</summary>
internal abstract class TokenOperation<T>(string name, TimeSpan deadline) : TokenOperation(name, deadline)
    where T : notnull
{
    // Continuations are the callers' code: it must not run on a session's thread.
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _completion.Task;

    protected T? Result { get; private set; }

    public sealed override void Run(TokenSession session) => Result = Execute(session);

    public override bool Complete() => Result is { } result && _completion.TrySetResult(result);

    public override bool Fail(Exception exception) => _completion.TrySetException(exception);

    protected abstract T Execute(TokenSession session);

    protected override void SetCancelled(CancellationToken cancellationToken) => _completion.TrySetCanceled(cancellationToken);
}
