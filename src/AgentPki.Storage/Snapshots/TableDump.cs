using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Snapshots;

/// <summary>
/// The rows of a database and the statements that make its tables, as one stream: what a restore makes a database from. No page of the file is in it, so that neither free pages nor
/// a damaged index come along, and no second copy of the database is ever on a disk.
/// </summary>
/// <remarks>
/// Octets <c>AgPkTbl1</c>; then records of a tag, a length and a body: A (application id, integer), S (a CREATE TABLE), T (a table: name, columns), R (a row of that table: values),
/// I (another CREATE: indexes after the rows), E (the end: number of rows). Row ids are columns: rows refer to each other by them.
/// </remarks>
internal static class TableDump
{
    public const string RowId = "rowid";

    internal const byte Application = (byte)'A';
    internal const byte Schema = (byte)'S';
    internal const byte Table = (byte)'T';
    internal const byte Row = (byte)'R';
    internal const byte Index = (byte)'I';
    internal const byte End = (byte)'E';

    private const int FlushAt = 1 << 18;

    internal static ReadOnlySpan<byte> Magic => "AgPkTbl1"u8;

    /// <summary>Writes all of it, in memory that does not grow with it.</summary>
    /// <param name="session">In a transaction: what it sees is one state.</param>
    /// <returns>How many rows there were.</returns>
    /// <exception cref="SqlException">The database cannot be read.</exception>
    /// <exception cref="IOException">The target takes no more.</exception>
    public static async Task<long> WriteAsync(SqlSession session, Stream target, CancellationToken cancellationToken)
    {
        var (body, output) = (new OctetBuffer(1 << 12), new OctetBuffer(FlushAt * 2));
        output.Add(Magic);
        body.AddInteger(session.QueryInt64("PRAGMA application_id"));
        Put(output, Application, body);
        var objects = Objects(session);
        foreach (var table in objects.Where(o => o.IsTable))
        {
            body.AddText(table.Sql);
            Put(output, Schema, body);
        }

        var rows = 0L;
        foreach (var table in objects.Where(o => o.IsTable))
        {
            var columns = ColumnsOf(session, table.Name);
            body.AddText(table.Name);
            foreach (var column in columns)
            {
                body.AddText(column);
            }

            Put(output, Table, body);
            using var query = session.PrepareOnce($"SELECT {string.Join(", ", columns.Select(Quoted))} FROM {Quoted(table.Name)}");
            while (query.Read())
            {
                AddRow(query, body);
                Put(output, Row, body);
                rows++;
                if (output.Length >= FlushAt)
                {
                    await FlushAsync(output, target, cancellationToken);
                }
            }
        }

        foreach (var other in objects.Where(o => !o.IsTable))
        {
            body.AddText(other.Sql);
            Put(output, Index, body);
        }

        body.AddInteger(rows);
        Put(output, End, body);
        await FlushAsync(output, target, cancellationToken);
        return rows;
    }

    internal static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static async ValueTask FlushAsync(OctetBuffer output, Stream target, CancellationToken cancellationToken)
    {
        await target.WriteAsync(output.Memory, cancellationToken);
        output.Length = 0;
    }

    private static void AddRow(SqlStatement row, OctetBuffer body)
    {
        for (var column = 0; column < row.Columns; column++)
        {
            switch (row.TypeOf(column))
            {
                case 1:
                    body.AddInteger(row.GetInt64(column));
                    break;
                case 2:
                    body.AddReal(row.GetDouble(column));
                    break;
                case 3:
                    body.AddOctets(ValueCode.Text, row.GetUtf8(column));
                    break;
                case 4:
                    body.AddOctets(ValueCode.Blob, row.GetSpan(column));
                    break;
                default:
                    body.AddByte((byte)ValueCode.Null);
                    break;
            }
        }
    }

    private static void Put(OctetBuffer output, byte tag, OctetBuffer body)
    {
        output.AddByte(tag);
        output.AddNumber((ulong)body.Length);
        output.Add(body.Written);
        body.Length = 0;
    }

    // The engine's own tables (sqlite_sequence) follow from the others; indexes that it made itself have no statement.
    private static List<(bool IsTable, string Name, string Sql)> Objects(SqlSession session)
    {
        var objects = new List<(bool, string, string)>();
        using var query = session.PrepareOnce("SELECT type = 'table', name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid");
        while (query.Read())
        {
            objects.Add((query.GetInt64(0) != 0, query.GetText(1), query.GetText(2)));
        }

        return objects;
    }

    private static List<string> ColumnsOf(SqlSession session, string table)
    {
        var (columns, keys) = (new List<string>(), new List<string>());
        using (var query = session.PrepareOnce("SELECT name, pk, type FROM pragma_table_info(?1)"))
        {
            query.Bind(1, table);
            while (query.Read())
            {
                columns.Add(query.GetText(0));
                keys.AddRange(query.GetInt64(1) > 0 ? [query.GetText(2)] : []);
            }
        }

        // An INTEGER PRIMARY KEY is the row id by another name; a table without row ids has none.
        var isAlias = keys is [var only] && only.Equals("INTEGER", StringComparison.OrdinalIgnoreCase);
        using var list = session.PrepareOnce("SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?1");
        var hasRowIds = !list.Bind(1, table).Read() || list.GetInt64(0) == 0;
        list.Reset();
        return hasRowIds && !isAlias ? [RowId, .. columns] : columns;
    }
}
