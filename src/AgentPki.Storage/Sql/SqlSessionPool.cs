using System.Collections.Concurrent;

namespace AgentPki.Storage.Sql;

/// <summary>A bounded number of connections for reading; each is lent to one caller at a time.</summary>
internal sealed class SqlSessionPool(Func<SqlSession> open, int size) : IDisposable
{
    private readonly ConcurrentStack<SqlSession> _idle = new();
#pragma warning disable CA2213 // a lease that comes back after Dispose still releases its place; nothing of the system's is held
    private readonly SemaphoreSlim _places = new(size, size);
#pragma warning restore CA2213
    private volatile bool _disposed;

    /// <summary>Waits for a connection. Dispose the lease to give it back.</summary>
    public async ValueTask<Lease> RentAsync(CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _places.WaitAsync(cancellationToken);
        try
        {
            return new Lease(this, _idle.TryPop(out var session) ? session : open());
        }
        catch
        {
            _places.Release();
            throw;
        }
    }

    /// <summary>Closes the idle connections; lent ones close when they come back.</summary>
    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryPop(out var session))
        {
            session.Dispose();
        }
    }

    private void Return(SqlSession session)
    {
        if (_disposed || session.InTransaction)
        {
            session.Dispose();
        }
        else
        {
            _idle.Push(session);
            if (_disposed)
            {
                Dispose();
            }
        }

        _places.Release();
    }

    /// <summary>A connection on loan.</summary>
    public readonly struct Lease(SqlSessionPool pool, SqlSession session) : IDisposable
    {
        public SqlSession Session => session;

        public void Dispose() => pool.Return(session);
    }
}
