using System.Collections.Concurrent;
using Net.Pkcs11Interop.Common;
using Net.Pkcs11Interop.HighLevelAPI;

namespace AgentPki.Pkcs11.Sessions;

/// <summary>A thread that owns one session. Operations come from the pool's queue; nothing else ever touches the session.</summary>
internal sealed class SessionThread
{
    private readonly TokenPool _pool;
    private readonly BlockingCollection<TokenOperation> _queue;
    private ISession? _session;
    private TokenConnection? _connection;
    private volatile bool _writtenOff;

    public SessionThread(TokenPool pool, BlockingCollection<TokenOperation> queue, int number)
    {
        (_pool, _queue) = (pool, queue);
        Thread = new Thread(Run) { IsBackground = true, Name = $"pkcs11 {number}" };
        Thread.Start();
    }

    public Thread Thread { get; }

    /// <summary>The module does not return from a call: this thread's session is given up, and the thread ends if it ever comes back.</summary>
    public bool WriteOff()
    {
        var first = !_writtenOff;
        _writtenOff = true;
        return first;
    }

    private void Run()
    {
        foreach (var operation in _queue.GetConsumingEnumerable())
        {
            if (operation.TryBegin(this))
            {
                _pool.Execute(this, operation);
            }

            if (_writtenOff)
            {
                break;
            }
        }

        CloseSession();
        _pool.Ended(this, _writtenOff);
    }

    /// <summary>This thread's session on the current connection; opened when there is none or the connection was replaced.</summary>
    public TokenSession Session(TokenConnection connection)
    {
        if (_session is null || !ReferenceEquals(_connection, connection))
        {
            CloseSession();
            _session = connection.OpenSession();
            _connection = connection;
        }

        return new TokenSession(_session, connection);
    }

    /// <summary>After an error: a session in an unknown state is never used again.</summary>
    public void CloseSession()
    {
        var session = _session;
        (_session, _connection) = (null, null);
        try
        {
            session?.Dispose();
        }
        catch (Pkcs11Exception)
        {
            // The token closed it, or is gone.
        }
    }
}
