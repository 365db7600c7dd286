using System.Text;
using Microsoft.Data.Sqlite;

namespace AgentPki.Integration.Harness;

/// <summary>What a home's database says, read past the appliance: a test that asks the appliance what it stored proves nothing.</summary>
internal sealed class HomeStore(string home)
{
    private readonly string connection = new SqliteConnectionStringBuilder
    {
        DataSource = Path.Combine(home, "data", "agentpki.db"),
        Mode = SqliteOpenMode.ReadWrite, // reading a WAL needs its shared-memory file; nothing here writes
        Pooling = false,
    }.ToString();

    /// <summary>Every stored certificate: upper-case hexadecimal of its serial, its DER, and its leaf in the ledger.</summary>
    public IReadOnlyList<(string Serial, byte[] Der, long Leaf)> Certificates() =>
        Read("SELECT serial, der, leaf FROM certificates ORDER BY id", row => (Convert.ToHexString((byte[])row[0]), (byte[])row[1], (long)row[2]));

    /// <summary>Those that were not revoked: upper-case hexadecimal of the serial, and the kind of the key.</summary>
    public IReadOnlyList<(string Serial, string Algorithm)> GoodCertificates() => Read(
        "SELECT c.serial, c.algorithm FROM certificates c WHERE NOT EXISTS (SELECT 1 FROM revocations r WHERE r.authority = c.authority AND r.serial = c.serial) ORDER BY c.id",
        row => (Convert.ToHexString((byte[])row[0]), (string)row[1]));

    /// <summary>The number of leaves.</summary>
    public long LedgerSize() => Read("SELECT count(*) FROM ledger", row => (long)row[0]).Single();

    /// <summary>The kind and the recorded details, as text with whatever framing they have, of every leaf from an index on.</summary>
    public IReadOnlyList<(long Leaf, int Kind, string Details)> LedgerFrom(long leaf) =>
        Read($"SELECT leaf, kind, details FROM ledger WHERE leaf >= {leaf} ORDER BY leaf",
            row => ((long)row[0], (int)(long)row[1], row[2] is byte[] details ? Encoding.UTF8.GetString(details) : ""));

    /// <summary>Every revoked serial number, upper-case hexadecimal, and its reason.</summary>
    public IReadOnlyDictionary<string, int> Revocations() =>
        Read("SELECT serial, reason FROM revocations", row => (Serial: Convert.ToHexString((byte[])row[0]), Reason: (int)(long)row[1])).ToDictionary(row => row.Serial, row => row.Reason);

    /// <summary>Every revocation event: its epoch and how many certificates it took.</summary>
    public IReadOnlyList<(long Epoch, long Count)> RevocationEvents() => Read("SELECT epoch, count FROM revocation_events ORDER BY epoch", row => ((long)row[0], (long)row[1]));

    /// <summary>The certificates that ACME orders said to replace, as RFC 9773 §4.1 names them.</summary>
    public IReadOnlyList<string> AcmeReplacements() => Read("SELECT replaces FROM acme_orders WHERE replaces IS NOT NULL", row => (string)row[0]);

    /// <summary>Certificates of ACME accounts beside the orders that ended with one.</summary>
    public (long Certificates, long Fulfilled, long Distinct, long Valid) AcmeBooks() => Read(
        """
        SELECT (SELECT count(*) FROM certificates WHERE requester LIKE 'acme:%'), count(certificate), count(DISTINCT certificate), coalesce(sum(state = 3), 0) FROM acme_orders
        """,
        row => ((long)row[0], (long)row[1], (long)row[2], (long)row[3])).Single();

    /// <summary>Runs a statement against a home that nothing serves: how a test plays the vandal.</summary>
    public int Vandalize(string sql)
    {
        using var open = new SqliteConnection(connection);
        open.Open();
        using var command = open.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    private List<T> Read<T>(string sql, Func<object[], T> map)
    {
        using var open = new SqliteConnection(connection);
        open.Open();
        using var command = open.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            var values = new object[reader.FieldCount];
            reader.GetValues(values);
            rows.Add(map(values));
        }

        return rows;
    }
}
