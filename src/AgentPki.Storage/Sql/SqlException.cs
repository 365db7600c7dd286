namespace AgentPki.Storage.Sql;

/// <summary>The engine refused a statement. Never leaves this project: <see cref="SqliteDialect.Explain"/> turns it into what people can act on.</summary>
internal sealed class SqlException(int code, string message, string? statement = null) : Exception(statement is null ? message : $"{message} in: {statement}")
{
    /// <summary>The engine's extended result code.</summary>
    public int Code { get; } = code;
}
