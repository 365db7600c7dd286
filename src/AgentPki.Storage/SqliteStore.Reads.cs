using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

public sealed partial class SqliteStore
{
    /// <summary>Runs a query on a connection of the pool, on the caller's thread: it is microseconds of work in memory, seldom a disk read.</summary>
    private async ValueTask<T> QueryAsync<T>(Func<SqlSession, T> query, CancellationToken cancellationToken)
    {
        try
        {
            using var lease = await _readers.RentAsync(cancellationToken);
            return query(lease.Session);
        }
        catch (SqlException failure)
        {
            throw SqliteDialect.Explain(failure, _options.DatabasePath);
        }
    }

    private ValueTask<T?> FindAsync<T>(string sql, Action<SqlStatement> bind, Func<SqlStatement, T> map, CancellationToken cancellationToken)
        where T : class => QueryAsync(
            session =>
            {
                var rows = session.Prepared(sql);
                bind(rows);
                if (!rows.Read())
                {
                    return null;
                }

                try
                {
                    return map(rows);
                }
                finally
                {
                    rows.Reset();
                }
            },
            cancellationToken);

    private ValueTask<IReadOnlyList<T>> ListAsync<T>(string sql, Action<SqlStatement> bind, Func<SqlStatement, T> map, CancellationToken cancellationToken) => QueryAsync<IReadOnlyList<T>>(
        session =>
        {
            var rows = session.Prepared(sql);
            bind(rows);
            var list = new List<T>();
            try
            {
                while (rows.Read())
                {
                    list.Add(map(rows));
                }
            }
            finally
            {
                rows.Reset();
            }

            return list;
        },
        cancellationToken);

    /// <summary>Streams a query as one consistent state; the connection is lent until the reader has finished.</summary>
    private async IAsyncEnumerable<T> StreamAsync<T>(string sql, Action<SqlStatement> bind, Func<SqlStatement, T> map, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var lease = await RentAsync(cancellationToken);

        // A statement of its own: the same text may be streamed by another reader of this connection's next tenant.
        using var rows = Explained(() => lease.Session.PrepareOnce(sql));
        bind(rows);
        while (Explained(rows.Read))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return map(rows);
        }
    }

    private async ValueTask<SqlSessionPool.Lease> RentAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _readers.RentAsync(cancellationToken);
        }
        catch (SqlException failure)
        {
            throw SqliteDialect.Explain(failure, _options.DatabasePath);
        }
    }

    private T Explained<T>(Func<T> query)
    {
        try
        {
            return query();
        }
        catch (SqlException failure)
        {
            throw SqliteDialect.Explain(failure, _options.DatabasePath);
        }
    }
}
