using System.Buffers;
using System.Text;
using SQLitePCL;

namespace AgentPki.Storage.Sql;

/// <summary>A prepared statement. Parameters count from 1, columns from 0, as in the engines.</summary>
internal sealed class SqlStatement : IDisposable
{
    private readonly SqlSession _session;
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private readonly string _sql;
    private SqlValues? _bound;

    public SqlStatement(SqlSession session, sqlite3 database, string sql)
    {
        (_session, _database, _sql) = (session, database, sql);
        Check(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
    }

    /// <summary>Columns of its rows.</summary>
    public int Columns => raw.sqlite3_column_count(_statement);

    /// <summary>Parameters it has.</summary>
    public int Parameters => raw.sqlite3_bind_parameter_count(_statement);

    /// <summary>Whether running it changes nothing.</summary>
    public bool IsReadOnly => raw.sqlite3_stmt_readonly(_statement) != 0;

    public SqlStatement Bind(int parameter, long value)
    {
        Bound?.Add(parameter, value);
        Check(raw.sqlite3_bind_int64(_statement, parameter, value));
        return this;
    }

    public SqlStatement Bind(int parameter, long? value) => value is { } number ? Bind(parameter, number) : BindNull(parameter);

    public SqlStatement Bind(int parameter, DateTimeOffset time) => Bind(parameter, time.ToUnixTimeMilliseconds());

    public SqlStatement Bind(int parameter, DateTimeOffset? time) => Bind(parameter, time?.ToUnixTimeMilliseconds());

    public SqlStatement Bind(int parameter, ReadOnlySpan<byte> octets)
    {
        Bound?.AddBlob(parameter, octets);
        // A null pointer would bind NULL.
        Check(octets.IsEmpty ? raw.sqlite3_bind_zeroblob(_statement, parameter, 0) : raw.sqlite3_bind_blob(_statement, parameter, octets));
        return this;
    }

    public SqlStatement Bind(int parameter, string? text)
    {
        if (text is null)
        {
            return BindNull(parameter);
        }

        Bound?.AddText(parameter, text);
        if (text.Length == 0)
        {
            // A null pointer, which an empty span is, would bind NULL.
            Check(raw.sqlite3_bind_text(_statement, parameter, ""));
            return this;
        }

        byte[]? rented = null;
        var length = Encoding.UTF8.GetMaxByteCount(text.Length);
        var buffer = length <= 1024 ? stackalloc byte[1024] : rented = ArrayPool<byte>.Shared.Rent(length);
        var written = Encoding.UTF8.GetBytes(text, buffer);
        var code = raw.sqlite3_bind_text(_statement, parameter, buffer[..written]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        Check(code);
        return this;
    }

    public SqlStatement Bind(int parameter, double value)
    {
        Bound?.Add(parameter, value);
        Check(raw.sqlite3_bind_double(_statement, parameter, value));
        return this;
    }

    public SqlStatement BindNull(int parameter)
    {
        Bound?.AddNull(parameter);
        Check(raw.sqlite3_bind_null(_statement, parameter));
        return this;
    }

    /// <summary>Steps to the next row; after the last one the statement is reset.</summary>
    public bool Read()
    {
        var code = raw.sqlite3_step(_statement);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        _bound?.Clear();

        // With prepare_v3 the step's own error is returned again by the reset; one look is enough.
        _ = raw.sqlite3_reset(_statement);
        return code == raw.SQLITE_DONE ? false : throw Failure(code);
    }

    /// <summary>Runs a statement to its end and returns how many rows it changed.</summary>
    public int Execute()
    {
        // Taken away first: Read() forgets it with the last row.
        var recorder = IsReadOnly ? null : _session.Recorder;
        var bound = _bound;
        if (recorder is not null)
        {
            _bound = null;
            if (!IsAllBound(bound))
            {
                throw new InvalidOperationException($"Not every parameter was bound for this run, and what it changes could not be repeated: {_sql}");
            }
        }

        while (Read())
        {
        }

        var changes = raw.sqlite3_changes(_database);
        recorder?.Record(_sql, bound, changes);
        bound?.Clear();
        _bound = bound;
        return changes;
    }

    /// <summary>Ends a query before its last row.</summary>
    public void Reset()
    {
        _bound?.Clear();
        _ = raw.sqlite3_reset(_statement);
    }

    /// <summary>What a column holds: an integer (1), a real number (2), text (3), a blob (4), NULL (5), as the engine counts them.</summary>
    public int TypeOf(int column) => raw.sqlite3_column_type(_statement, column);

    public double GetDouble(int column) => raw.sqlite3_column_double(_statement, column);

    /// <summary>Text as UTF-8 where it lies in the engine; valid until the next step.</summary>
    public ReadOnlySpan<byte> GetUtf8(int column) => raw.sqlite3_column_blob(_statement, column);

    public long GetInt64(int column) => raw.sqlite3_column_int64(_statement, column);

    public DateTimeOffset GetTime(int column) => DateTimeOffset.FromUnixTimeMilliseconds(GetInt64(column));

    public string GetText(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string();

    public byte[] GetBlob(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    /// <summary>The octets where they lie in the engine; valid until the next step.</summary>
    public ReadOnlySpan<byte> GetSpan(int column) => raw.sqlite3_column_blob(_statement, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public long? GetInt64OrNull(int column) => IsNull(column) ? null : GetInt64(column);

    public string? GetTextOrNull(int column) => IsNull(column) ? null : GetText(column);

    public byte[]? GetBlobOrNull(int column) => IsNull(column) ? null : GetBlob(column);

    public DateTimeOffset? GetTimeOrNull(int column) => IsNull(column) ? null : GetTime(column);

    public void Dispose() => _statement.Dispose();

    // Kept only while somebody writes down what this connection changes.
    private SqlValues? Bound => _session.Recorder is null ? null : _bound ??= new SqlValues();

    // The engine keeps what was bound for the next run; who writes down must see it said each time.
    private bool IsAllBound(SqlValues? bound)
    {
        for (var parameter = Parameters; parameter > 0; parameter--)
        {
            if (bound?.Has(parameter) != true && raw.sqlite3_bind_parameter_name(_statement, parameter).utf8_to_string() is not null)
            {
                return false;
            }
        }

        return true;
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw Failure(code);
        }
    }

    private SqlException Failure(int code) => new(code, $"{raw.sqlite3_errmsg(_database).utf8_to_string()} (SQLite {code})", _sql);
}
