using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Store;
using AgentPki.Storage.Sql;

namespace AgentPki.Storage;

// Agents and their owners.
public sealed partial class SqliteStore : IAgentStore
{
    private const string AgentColumns = """
        SELECT a.name, a.owner, a.profile, a.state, a.registered, p.name, a.held, a.suspended_by,
        a.tier, a.purpose, a.environment, a.profiles, a.children, a.max_children, a.model, a.runtime, a.review_by, a.policy, a.revision, a.limits
        FROM agents a LEFT JOIN agents p ON p.id = a.parent
        """;

    private const string OwnerColumns = "SELECT o.name, o.kind, o.contact, o.state, o.created, o.gone";

    ValueTask<AgentRecord?> IAgentStore.FindAsync(string agentId, CancellationToken cancellationToken) =>
        FindAsync($"{AgentColumns} WHERE a.name = ?1", rows => rows.Bind(1, agentId), ReadAgent, cancellationToken);

    ValueTask<IReadOnlyList<AgentRecord>> IAgentStore.ListAsync(AgentQuery query, int limit, CancellationToken cancellationToken)
    {
        var (where, bind) = AgentConditions(query, withCursor: true);
        return ListAsync(
            $"{AgentColumns} WHERE {where} ORDER BY a.id {(query.OldestFirst ? "ASC" : "DESC")} LIMIT ?1",
            rows => bind(rows.Bind(1, (long)limit)),
            ReadAgent,
            cancellationToken);
    }

    async ValueTask<long> IAgentStore.CountAsync(AgentQuery query, CancellationToken cancellationToken)
    {
        var (where, bind) = AgentConditions(query, withCursor: false);
        return (await ListAsync($"SELECT count(*) FROM agents a WHERE {where}", bind, row => row.GetInt64(0), cancellationToken))[0];
    }

    ValueTask<OwnerRecord?> IAgentStore.FindOwnerAsync(string name, CancellationToken cancellationToken) =>
        FindAsync($"{OwnerColumns} FROM owners o WHERE o.name = ?1", rows => rows.Bind(1, name), ReadOwner, cancellationToken);

    ValueTask<IReadOnlyList<OwnerSummary>> IAgentStore.ListOwnersAsync(OwnerState? state, ImmutableArray<string>? names, string? after, int limit, CancellationToken cancellationToken) => ListAsync(
        $"""
        {OwnerColumns}, (SELECT count(*) FROM agents a WHERE a.owner = o.name AND a.state <> 2), (SELECT count(*) FROM agents a WHERE a.owner = o.name AND a.state = 1)
        FROM owners o WHERE (?1 IS NULL OR o.state = ?1) AND (?2 IS NULL OR o.name > ?2){(names is { } own ? $" AND o.name IN ({Places(4, own.Length)})" : "")} ORDER BY o.name LIMIT ?3
        """,
        rows => BindTexts(rows.Bind(1, (long?)state).Bind(2, after).Bind(3, (long)limit), 4, names ?? []),
        row => new OwnerSummary(ReadOwner(row), row.GetInt64(6), row.GetInt64(7)),
        cancellationToken);

    /// <summary>The conditions of a query, and what binds them; parameter 1 is left to the caller.</summary>
    private static (string Where, Action<SqlStatement> Bind) AgentConditions(AgentQuery query, bool withCursor)
    {
        var owners = query.Owners;
        var conditions = new List<string> { "1" };
        var bindings = new List<Action<SqlStatement, int>>();
        void Add(string condition, Action<SqlStatement, int> bind)
        {
            conditions.Add(condition.Replace("?#", $"?{bindings.Count + 2}", StringComparison.Ordinal));
            bindings.Add(bind);
        }

        // As numbers in the text: the partial indexes are for these states and tiers.
        if (query.State is { } state)
        {
            conditions.Add($"a.state = {(long)state}");
        }

        if (query.WithoutRetired)
        {
            conditions.Add("a.state <> 2");
        }

        if (query.Tier is { } tier)
        {
            conditions.Add($"a.tier = {(long)tier}{(tier > RiskTier.Low ? " AND a.tier > 0" : "")}");
        }

        if (query.Parent is { } parent)
        {
            Add("a.parent = (SELECT id FROM agents WHERE name = ?#)", (rows, place) => rows.Bind(place, parent));
        }

        if (query.Beneath is { } above)
        {
            Add("a.id IN (WITH RECURSIVE tree (id) AS (SELECT c.id FROM agents c JOIN agents p ON c.parent = p.id WHERE p.name = ?# UNION SELECT c.id FROM agents c JOIN tree t ON c.parent = t.id) SELECT id FROM tree)", (rows, place) => rows.Bind(place, above));
        }

        if (query.HeadsOfFamilies)
        {
            conditions.Add("a.parent IS NULL AND EXISTS (SELECT 1 FROM agents c WHERE c.parent = a.id)");
        }

        if (query.CameAfter is { } before)
        {
            Add("a.id > (SELECT id FROM agents WHERE name = ?#)", (rows, place) => rows.Bind(place, before));
        }

        if (query.LeftUntil is { } left)
        {
            Add("a.owner IN (SELECT name FROM owners WHERE state = 1 AND gone <= ?#)", (rows, place) => rows.Bind(place, left));
        }

        if (query.ReviewBefore is { } day)
        {
            Add("a.review_by < ?#", (rows, place) => rows.Bind(place, (long)day.DayNumber));
        }

        if (query.Unscheduled)
        {
            conditions.Add("a.review_by IS NULL");
        }

        if (withCursor && query.After is { } after)
        {
            Add($"a.id {(query.OldestFirst ? ">" : "<")} (SELECT id FROM agents WHERE name = ?#)", (rows, place) => rows.Bind(place, after));
        }

        var first = bindings.Count + 2;
        if (owners is { } own)
        {
            conditions.Add(own.IsEmpty ? "0" : $"a.owner IN ({Places(first, own.Length)})");
        }

        return (string.Join(" AND ", conditions), rows =>
        {
            for (var i = 0; i < bindings.Count; i++)
            {
                bindings[i](rows, i + 2);
            }

            BindTexts(rows, first, owners ?? []);
        });
    }

    private static string Places(int first, int count) => string.Join(", ", Enumerable.Range(first, count).Select(n => $"?{n}"));

    private static void BindTexts(SqlStatement rows, int first, ImmutableArray<string> texts)
    {
        for (var i = 0; i < texts.Length; i++)
        {
            rows.Bind(first + i, texts[i]);
        }
    }

    private static AgentRecord ReadAgent(SqlStatement row) => new(row.GetText(0), row.GetText(1), row.GetText(2), (AgentState)row.GetInt64(3), row.GetTime(4), row.GetTextOrNull(5))
    {
        IsHeld = row.GetInt64(6) != 0,
        SuspendedBy = (SuspensionRule)row.GetInt64(7),
        Registration = new AgentRegistration
        {
            Tier = (RiskTier)row.GetInt64(8),
            Purpose = row.GetTextOrNull(9),
            Environment = row.GetTextOrNull(10),
            Profiles = [.. Lines(row.GetText(11))],
            Children = row.GetTextOrNull(12) is { } paths ? ReadChildren(paths, (int?)row.GetInt64OrNull(13)) : null,
            Model = ReadComponent(row.GetTextOrNull(14)),
            Runtime = ReadComponent(row.GetTextOrNull(15)),
            ReviewBy = row.GetInt64OrNull(16) is { } day ? DateOnly.FromDayNumber((int)day) : null,
            Policy = row.GetBlobOrNull(17) is { } policy ? new ReadOnlyMemory<byte>(policy) : (ReadOnlyMemory<byte>?)null,
            Revision = (int)row.GetInt64(18),
            Limits = row.GetBlobOrNull(19) is { } limits ? new ReadOnlyMemory<byte>(limits) : (ReadOnlyMemory<byte>?)null,
        },
    };

    internal static ChildRule ReadChildren(string paths, int? maximum) => ChildRule.TryCreate([.. Lines(paths)], maximum, out var rule, out var error)
        ? rule
        : throw new InvalidOperationException($"The store has a rule about children that this build would not write: {error}.");

    private static ComponentDescriptor? ReadComponent(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var parts = text.Split('\n');
        return ComponentDescriptor.TryCreate(parts[0], OrNull(parts[1]), OrNull(parts[2]), OrNull(parts[3]), out var component, out var error)
            ? component
            : throw new InvalidOperationException($"The store describes a component that this build would not write: {error.Field}: {error.Message}.");
    }

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private static OwnerRecord ReadOwner(SqlStatement row) => new(row.GetText(0), (OwnerKind)row.GetInt64(1), row.GetTextOrNull(2), (OwnerState)row.GetInt64(3), row.GetTime(4), row.GetTimeOrNull(5));
}
