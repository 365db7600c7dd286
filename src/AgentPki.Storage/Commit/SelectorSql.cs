using System.Text;
using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage.Commit;

/// <summary>A <see cref="RevocationSelector"/> as a condition over <c>certificates c</c>, with named numbers from <see cref="First"/> on.</summary>
internal sealed class SelectorSql
{
    /// <summary>The first parameter that it uses; those below are the statement's own.</summary>
    public const int First = 10;

    private const string KeysOf = "SELECT id FROM keys WHERE fingerprint = ? OR fingerprint IN (SELECT whole FROM key_halves WHERE fingerprint = ?)";
    private readonly List<Action<SqlStatement>> _bindings = [];
    private readonly StringBuilder _sql = new();
    private readonly int _ofChosen;
    private readonly int _ofEver;

    /// <summary>The condition; what has not ended is chosen at <paramref name="now"/>.</summary>
    public SelectorSql(RevocationSelector selector, DateTimeOffset now)
    {
        Agents(selector);
        _ofChosen = _bindings.Count;
        With(selector.Authority, "c.authority = (SELECT id FROM authorities WHERE name = ?)", (s, i, v) => s.Bind(i, v));
        With(selector.Serial, "c.serial = ?", (s, i, v) => s.Bind(i, v.Span));
        if (Chosen.Length > 0)
        {
            And("c.agent IN (SELECT id FROM chosen)");
        }

        With(selector.Profile, "c.profile = ?", (s, i, v) => s.Bind(i, v));
        With(selector.Algorithm, "c.algorithm = ?", (s, i, v) => s.Bind(i, v));
        With(selector.KeyFingerprint, $"(c.key IN ({KeysOf}) OR c.alternative_key IN ({KeysOf}))", (s, i, v) => s.Bind(i, v.Span));
        With(selector.IssuedFrom, "c.issued >= ?", (s, i, v) => s.Bind(i, v));
        With(selector.IssuedBefore, "c.issued < ?", (s, i, v) => s.Bind(i, v));
        With(selector.Requester, "c.requester = ?", (s, i, v) => s.Bind(i, v));
        (Ever, _ofEver) = (_sql.ToString(), _bindings.Count);
        Where = Ever;
        if (!selector.NamesOneCertificate)
        {
            Where += $" AND c.not_after > {Number((s, i) => s.Bind(i, now))}";
        }

        Spared = selector is { NamesOneCertificate: true, IncludeAppliance: true } ? "0" : "c.agent IS NULL";
    }

    /// <summary>Before the statement, when <see cref="Where"/> refers to it: the chosen agents as a table; empty when none are.</summary>
    public string Chosen { get; private set; } = "";

    /// <summary>Every condition that is set, and that it has not ended unless it is the one that is named.</summary>
    public string Where { get; }

    /// <summary>Every condition that is set, ended or not.</summary>
    public string Ever { get; }

    /// <summary>What is left alone although it meets them.</summary>
    public string Spared { get; }

    public SqlStatement Bind(SqlStatement statement)
    {
        foreach (var binding in _bindings)
        {
            binding(statement);
        }

        return statement;
    }

    /// <summary>For a statement with <see cref="Ever"/> and not <see cref="Where"/>.</summary>
    public SqlStatement BindEver(SqlStatement statement)
    {
        _bindings[.._ofEver].ForEach(binding => binding(statement));
        return statement;
    }

    /// <summary>For a statement with <see cref="Chosen"/> alone.</summary>
    public SqlStatement BindChosen(SqlStatement statement)
    {
        _bindings[.._ofChosen].ForEach(binding => binding(statement));
        return statement;
    }

    private void Agents(RevocationSelector selector)
    {
        var conditions = new List<string>();
        if (selector.Agent is { } agent)
        {
            var named = Next(agent);
            conditions.Add(selector.WithDescendants
                ? $"id IN (WITH RECURSIVE tree (id) AS (SELECT id FROM agents WHERE name = {named} UNION SELECT a.id FROM agents a JOIN tree t ON a.parent = t.id) SELECT id FROM tree)"
                : $"name = {named}");
        }

        if (selector.AgentsUnder is { } prefix)
        {
            // The prefix ends with a slash: its successor in the order of octets ends with a '0'.
            conditions.Add($"name >= {Next(prefix)} AND name < {Next(string.Concat(prefix.AsSpan(0, prefix.Length - 1), "0"))}");
        }

        if (selector.Owner is { } owner)
        {
            conditions.Add($"owner = {Next(owner)}");
        }

        if (conditions.Count > 0)
        {
            Chosen = $"WITH chosen (id) AS MATERIALIZED (SELECT id FROM agents WHERE {string.Join(" AND ", conditions)}) ";
        }
    }

    private void With<T>(T? value, string condition, Action<SqlStatement, int, T> bind)
        where T : class
    {
        if (value is not null)
        {
            And(condition.Replace("?", Number((s, i) => bind(s, i, value)), StringComparison.Ordinal));
        }
    }

    private void With<T>(T? value, string condition, Action<SqlStatement, int, T> bind)
        where T : struct
    {
        if (value is { } set)
        {
            And(condition.Replace("?", Number((s, i) => bind(s, i, set)), StringComparison.Ordinal));
        }
    }

    private void And(string condition) => _sql.Append(_sql.Length == 0 ? "" : " AND ").Append(condition);

    private string Next(string value) => Number((s, i) => s.Bind(i, value));

    private string Number(Action<SqlStatement, int> bind)
    {
        var number = First + _bindings.Count;
        _bindings.Add(statement => bind(statement, number));
        return $"?{number}";
    }
}
