namespace AgentPki.Pkcs11.Sessions;

/// <summary>A thread that owns one session. Operations come from the pool's queue; nothing else ever touches the session.</summary>
internal sealed class SessionThread
{
    private readonly TokenPool _pool;
    private readonly Thread _thread;
    private readonly Func<bool> _mustLeave;
    private ulong _session;
    private TokenConnection? _connection;
    private volatile TokenOperation? _running;
    private volatile bool _writtenOff;

    public SessionThread(TokenPool pool, int number)
    {
        _pool = pool;
        _mustLeave = () => _writtenOff || _pool.HasTooMany(this);
        _thread = new Thread(Run) { IsBackground = true, Name = $"pkcs11 {number}" };
    }

    /// <summary>The operation in the token now.</summary>
    public TokenOperation? Running => _running;

    public bool HasSession => _connection is not null;

    public void Start() => _thread.Start();

    public bool Join(TimeSpan patience) => _thread.Join(patience);

    /// <summary>The module does not come back from a call: the session is given up, and the thread ends if it ever comes back.</summary>
    public void WriteOff() => _writtenOff = true;

    /// <summary>Ends this thread after its present operation; others do the work.</summary>
    public void Leave() => _writtenOff = true;

    /// <summary>This thread's session on that connection; opened when there is none yet.</summary>
    public TokenSession Session(TokenConnection connection)
    {
        if (!ReferenceEquals(_connection, connection))
        {
            CloseSession();
            _session = connection.OpenSession();
            _connection = connection;
        }

        return new TokenSession(_pool.Module, _session, connection.Epoch);
    }

    /// <summary>After an error a session is in an unknown state: it is never used again.</summary>
    public void CloseSession()
    {
        _connection?.CloseSession(_session);
        _connection = null;
    }

    private void Run()
    {
        while (_pool.Queue.TryTake(out var operation, _mustLeave))
        {
            if (operation.TryBegin())
            {
                operation.BegunAt = _pool.Time.GetTimestamp();
                _running = operation;
                _pool.Execute(this, operation);
                _running = null;
            }

            if (_writtenOff)
            {
                break;
            }
        }

        _pool.Ended(this);
    }
}
