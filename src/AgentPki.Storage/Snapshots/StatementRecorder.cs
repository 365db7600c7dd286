using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Snapshots;

/// <summary>
/// Writes down what the one writing connection does to the database, in its own words: each statement that changes something, what was bound to it, and how many rows it changed.
/// Whoever begins with the same database and repeats them gets the same one; a statement that changes another number of rows there tells that it was not.
/// </summary>
/// <remarks>
/// For each statement: the number of its text from 1, or 0 and the text itself, which then has the next number; the length of its values, the values, the rows. Follows transactions:
/// what is rolled back was never written down.
/// </remarks>
internal sealed class StatementRecorder
{
    /// <summary>Texts that get a number; more are spelt out each time.</summary>
    public const int MostTexts = 4096;

    private readonly Dictionary<string, int> _texts = new(StringComparer.Ordinal);
    private readonly OctetBuffer _statements = new(1 << 16);
    private readonly List<string> _fresh = [];
    private int _mark;
    private int _freshAtMark;

    /// <summary>What was committed since the last call; empty: nothing.</summary>
    public byte[] Take()
    {
        var taken = _statements.Written.ToArray();
        _statements.Length = 0;
        _fresh.Clear();
        return taken;
    }

    /// <summary>Notes that a statement has run.</summary>
    public void Record(string sql, SqlValues? values, int changes)
    {
        if (IsControl(sql))
        {
            return;
        }

        var number = _texts.GetValueOrDefault(sql);
        _statements.AddNumber((ulong)number);
        if (number == 0)
        {
            _statements.AddText(sql);
            if (_texts.Count < MostTexts)
            {
                _texts.Add(sql, _texts.Count + 1);
                _fresh.Add(sql);
            }
        }

        var octets = values is null ? default : values.Octets;
        _statements.AddNumber((ulong)octets.Length);
        _statements.Add(octets);
        _statements.AddNumber((ulong)changes);
    }

    /// <summary>Follows the words that begin, end and undo.</summary>
    public void Follow(string sql)
    {
        switch (sql)
        {
            case SqliteDialect.Begin or SqliteDialect.Rollback:
                Forget(0, 0);
                break;
            case SqliteDialect.Savepoint:
                (_mark, _freshAtMark) = (_statements.Length, _fresh.Count);
                break;
            case SqliteDialect.RollbackToSavepoint:
                Forget(_mark, _freshAtMark);
                break;
        }
    }

    // A text whose first use is undone is new again. Numbers are given in order, so that those are the last ones.
    private void Forget(int length, int fresh)
    {
        _statements.Length = length;
        for (; _fresh.Count > fresh; _fresh.RemoveAt(_fresh.Count - 1))
        {
            _texts.Remove(_fresh[^1]);
        }
    }

    private static bool IsControl(string sql) => sql is SqliteDialect.Begin or SqliteDialect.Commit or SqliteDialect.Rollback or SqliteDialect.Savepoint or SqliteDialect.ReleaseSavepoint or SqliteDialect.RollbackToSavepoint;
}
