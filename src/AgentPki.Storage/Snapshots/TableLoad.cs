using System.Globalization;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Snapshots;

/// <summary>Makes a database from what <see cref="TableDump"/> wrote.</summary>
internal sealed class TableLoad : IDisposable
{
    private const int MostOctets = 1 << 30;
    private readonly SqlSession _session;
    private SqlStatement? _insert;
    private bool _hasEnded;
    private long _rows;

    private TableLoad(SqlSession session) => _session = session;

    /// <summary>Fills a new database file, which nobody else has open.</summary>
    /// <returns>How many rows it has.</returns>
    /// <exception cref="InvalidDataException">It is not what a dump is; the file is of no use.</exception>
    /// <exception cref="SqlException">The disk is full, or a row is not what its table takes.</exception>
    public static async Task<long> ReadAsync(Stream source, string path, CancellationToken cancellationToken)
    {
        using var session = SqlSession.Open(path);

        // Nothing is lost by a crash: the file is of use only when the last row is in it and it was flushed.
        session.ExecuteOnce("PRAGMA journal_mode = OFF");
        session.ExecuteOnce("PRAGMA synchronous = OFF");
        session.ExecuteOnce("PRAGMA foreign_keys = OFF");
        session.ExecuteOnce("PRAGMA cache_size = -65536");
        session.ExecuteOnce("PRAGMA temp_store = MEMORY");
        using var load = new TableLoad(session);
        session.Execute(SqliteDialect.Begin);
        try
        {
            await load.ReadAsync(source, cancellationToken);
        }
        catch (EndOfStreamException)
        {
            throw new InvalidDataException("the dump was cut off");
        }

        session.Execute(SqliteDialect.Commit);
        if (session.QueryInt64("SELECT count(*) FROM pragma_foreign_key_check") is var loose and > 0)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{loose} rows refer to what is not there"));
        }

        return load._rows;
    }

    public void Dispose() => _insert?.Dispose();

    private async Task ReadAsync(Stream source, CancellationToken cancellationToken)
    {
#pragma warning disable CA2000 // it would dispose the caller's stream
        var buffered = new BufferedStream(source, 1 << 18);
#pragma warning restore CA2000
        var magic = new byte[TableDump.Magic.Length];
        if (await buffered.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken) < magic.Length || !magic.AsSpan().SequenceEqual(TableDump.Magic))
        {
            throw new InvalidDataException("it is no dump of tables that this build knows");
        }

        var body = new byte[1 << 12];
        for (int tag; (tag = buffered.ReadByte()) >= 0;)
        {
            var length = LengthOf(buffered);
            body = body.Length < length ? new byte[length] : body;
            await buffered.ReadExactlyAsync(body.AsMemory(0, length), cancellationToken);
            Take((byte)tag, body.AsSpan(0, length));
        }

        if (!_hasEnded)
        {
            throw new InvalidDataException("the dump has no end: it was cut off");
        }
    }

    private void Take(byte tag, ReadOnlySpan<byte> body)
    {
        if (_hasEnded)
        {
            throw new InvalidDataException("the dump goes on after its end");
        }

        var reader = new OctetReader(body);
        switch (tag)
        {
            case TableDump.Application:
                _session.ExecuteOnce(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {Integer(ref reader)}"));
                break;
            case TableDump.Schema or TableDump.Index:
                Make(reader.Text());
                break;
            case TableDump.Table:
                Begin(ref reader);
                break;
            case TableDump.Row:
                Insert(ref reader);
                break;
            case TableDump.End:
                _hasEnded = Integer(ref reader) == _rows ? true : throw new InvalidDataException("the dump has not as many rows as it says");
                break;
            default:
                throw new InvalidDataException("the dump has a record of a kind that this build does not know");
        }
    }

    private void Make(string sql)
    {
        if (!sql.StartsWith("CREATE ", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidDataException("the dump would run something else than CREATE");
        }

        _session.ExecuteOnce(sql);
    }

    private void Begin(ref OctetReader reader)
    {
        var (table, columns) = (reader.Text(), new List<string>());
        while (!reader.IsAtEnd)
        {
            columns.Add(TableDump.Quoted(reader.Text()));
        }

        _insert?.Dispose();
        _insert = _session.PrepareOnce($"INSERT INTO {TableDump.Quoted(table)} ({string.Join(", ", columns)}) VALUES ({string.Join(", ", columns.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"?{i + 1}")))})");
    }

    private void Insert(ref OctetReader reader)
    {
        var insert = _insert ?? throw new InvalidDataException("the dump has rows of no table");
        for (var parameter = 1; parameter <= insert.Parameters; parameter++)
        {
            reader.BindValue(insert, parameter);
        }

        insert.Execute();
        _rows++;
    }

    private static long Integer(ref OctetReader reader)
    {
        if (reader.Number() != (ulong)ValueCode.Integer)
        {
            throw new InvalidDataException("a number was expected");
        }

        var zigzag = reader.Number();
        return (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
    }

    private static int LengthOf(Stream source)
    {
        var value = 0L;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var octet = source.ReadByte();
            if (octet < 0)
            {
                throw new InvalidDataException("the dump was cut off");
            }

            value |= (long)(octet & 0x7F) << shift;
            if (octet < 0x80)
            {
                return value <= MostOctets ? (int)value : throw new InvalidDataException("a record of the dump is too long");
            }
        }

        throw new InvalidDataException("a record of the dump is too long");
    }
}
