namespace AgentPki.Pkcs11.Sessions;

/// <summary>One call to the token, waiting for a session thread. Begun at most once; cancelled only before it began.</summary>
internal abstract class TokenOperation(string name)
{
    private const int Waiting = 0, Begun = 1, Abandoned = 2;
    private int _state;

    /// <summary>The PKCS#11 call and its mechanism, for errors and metrics: <c>C_Sign(CKM_ECDSA)</c>.</summary>
    public string Name { get; } = name;

    public SessionThread? Thread { get; private set; }

    /// <summary>False when the caller has given up already.</summary>
    public bool TryBegin(SessionThread thread)
    {
        Thread = thread;
        return Interlocked.CompareExchange(ref _state, Begun, Waiting) == Waiting;
    }

    /// <summary>True when it will never begin; false when it has begun.</summary>
    public bool TryAbandon() => Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Waiting;

    /// <summary>Makes the call; exceptions are the token's.</summary>
    public abstract void Execute(TokenSession session);

    public abstract void Fail(Exception exception);
}

internal sealed class TokenOperation<T>(string name, Func<TokenSession, T> call) : TokenOperation(name)
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _completion.Task;

    public override void Execute(TokenSession session) => _completion.TrySetResult(call(session));

    public override void Fail(Exception exception) => _completion.TrySetException(exception);
}
