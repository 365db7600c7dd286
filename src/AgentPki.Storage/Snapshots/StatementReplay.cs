using System.Globalization;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Snapshots;

/// <summary>Repeats what a <see cref="StatementRecorder"/> wrote down.</summary>
internal sealed class StatementReplay(SqlSession session)
{
    private readonly List<string> _texts = [];

    /// <summary>Repeats one commit: all of it, or nothing.</summary>
    /// <exception cref="InvalidDataException">It is not of this database, or damaged.</exception>
    /// <exception cref="SqlException">A statement failed.</exception>
    public void Apply(ReadOnlySpan<byte> statements)
    {
        session.Execute(SqliteDialect.Begin);
        try
        {
            var reader = new OctetReader(statements);
            while (!reader.IsAtEnd)
            {
                ApplyNext(ref reader);
            }

            session.Execute(SqliteDialect.Commit);
        }
        catch
        {
            if (session.InTransaction)
            {
                session.Execute(SqliteDialect.Rollback);
            }

            throw;
        }
    }

    private void ApplyNext(ref OctetReader reader)
    {
        var text = TextOf(ref reader);
        var statement = session.Prepared(text);
        var values = new OctetReader(reader.Octets());
        while (!values.IsAtEnd)
        {
            var parameter = values.Number();
            if (parameter == 0 || parameter > (ulong)statement.Parameters)
            {
                throw new InvalidDataException("a statement has no such parameter");
            }

            values.BindValue(statement, (int)parameter);
        }

        var (expected, changed) = (reader.Number(), statement.Execute());
        if ((ulong)changed != expected)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"a statement changed {changed} rows and had changed {expected}: it is not of this database ({text.AsSpan(0, Math.Min(text.Length, 60)).ToString().ReplaceLineEndings(" ")}...)"));
        }
    }

    private string TextOf(ref OctetReader reader)
    {
        var number = reader.Number();
        if (number > (ulong)_texts.Count)
        {
            throw new InvalidDataException("it names a statement that was not spelt out before");
        }

        if (number > 0)
        {
            return _texts[(int)number - 1];
        }

        var text = reader.Text();
        if (_texts.Count < StatementRecorder.MostTexts)
        {
            _texts.Add(text);
        }

        return text;
    }
}
