using System.Text.Json.Nodes;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Client.Tests.Delegation;

/// <summary>Draws what families are made of from a seed: policies, narrower ones, ones that are wider in exactly one thing, limits.</summary>
internal sealed class FamilyDraw(int seed)
{
#pragma warning disable RS0030, CA5394 // A seeded generator of test data: the same seed gives the same family.
    private readonly Random _random = new(seed);
#pragma warning restore RS0030, CA5394

    /// <summary>The things in which a policy can be wider than another.</summary>
    public static readonly string[] Aspects = ["scope", "end", "begin", "hours", "network", "environment", "data", "tags", "depth", "lifetime", "budget"];

    private static readonly string[] Scopes = ["tool.*:crm/**", "tool.invoke:crm/customers/*", "db.read:**", "db.**:warehouse/a*/**", "mail.send:team/*"];
    private static readonly string[] Words = ["a", "customers", "orders", "x1"];

    public int Below(int bound) => _random.Next(bound);

    public bool Maybe(int oneIn) => _random.Next(oneIn) == 0;

    public T Of<T>(IReadOnlyList<T> items) => items[Below(items.Count)];

    public AgentPolicy Root(DateTimeOffset now) => AgentPolicy.Create(new AgentPolicyParts
    {
        Scopes = ScopeSet.Of(Scopes.Where(_ => !Maybe(3)).Append(Of(Scopes))),
        NotBefore = Maybe(2) ? Seconds(now).AddDays(-1) : null,
        NotAfter = Maybe(4) ? null : Seconds(now).AddDays(20 + Below(40)),
        Weekly = Maybe(2) ? WeeklySchedule.Of("mon-fri 06:00-20:00", "sat 08:00-12:00") : null,
        Networks = Maybe(2) ? NetworkSet.Of("10.0.0.0/8", "2001:db8::/32") : null,
        Environments = Maybe(2) ? NameSet.Of("prod", "test", "lab") : null,
        DataClasses = Maybe(2) ? NameSet.Of("public", "pii", "money") : null,
        Obligations = Maybe(2) ? NameSet.Of("gdpr") : NameSet.Empty,
        DelegationDepth = 2 + Below(3),
        MaximumLifetime = Maybe(2) ? TimeSpan.FromHours(1 + Below(8)) : null,
        Budget = Maybe(2) ? Budget.Of(KeyValuePair.Create("usd", 1000L)) : Budget.Unbounded,
    });

    /// <summary>What a child of an agent that has <paramref name="policy"/> may be granted.</summary>
    public AgentPolicy Narrower(AgentPolicy policy, DateTimeOffset now)
    {
        var latest = policy.NotAfter ?? Seconds(now).AddDays(30);
        var end = Maybe(2) ? latest : Seconds(now).AddHours(1 + Below(200));
        return AgentPolicy.Create(new AgentPolicyParts
        {
            Scopes = ScopeSet.Of(policy.Scopes.Scopes.Where(_ => !Maybe(4)).Select(s => Maybe(2) ? s.ToString() : Narrower(s.ToString()))),
            NotBefore = policy.NotBefore ?? (Maybe(4) && latest > now ? Seconds(now).AddHours(-1) : null),
            NotAfter = end < latest && end > now ? end : latest,
            Weekly = policy.Weekly is { } weekly ? Maybe(2) ? weekly : weekly.Intersect(WeeklySchedule.Of("mon-sat 07:00-18:00")) : Maybe(4) ? WeeklySchedule.Of("daily 06:00-22:00") : null,
            Networks = policy.Networks is { } networks ? Maybe(2) ? networks : networks.Intersect(NetworkSet.Of($"10.{Below(4) * 64}.0.0/10", "2001:db8:8000::/33")) : Maybe(4) ? NetworkSet.Of("10.0.0.0/9") : null,
            Environments = Fewer(policy.Environments, "prod", "test"),
            DataClasses = Fewer(policy.DataClasses, "public", "pii"),
            Obligations = Maybe(3) ? policy.Obligations.Union(NameSet.Of("pci-dss")) : policy.Obligations,
            DelegationDepth = Maybe(4) ? Below(Math.Max(1, policy.DelegationDepth)) : Math.Max(0, policy.DelegationDepth - 1),
            MaximumLifetime = policy.MaximumLifetime is { } lifetime ? Maybe(2) ? lifetime : TimeSpan.FromSeconds(Math.Max(60, Math.Floor(lifetime.TotalSeconds / 2))) : Maybe(4) ? TimeSpan.FromMinutes(40) : null,
            Budget = Budget.Of(policy.Budget.Amounts.Select(a => KeyValuePair.Create(a.Key, a.Value / (2 + Below(3)))).Concat(policy.Budget.Amounts.ContainsKey("calls") || !Maybe(4) ? [] : [KeyValuePair.Create("calls", 10L)])),
        });
    }

    /// <summary>The same, but wider than <paramref name="outer"/> in one thing; its name, or null where nothing is bounded that could be.</summary>
    public string? Widen(ref AgentPolicy policy, AgentPolicy outer, bool isDelegated)
    {
        var parts = policy.ToParts();
        var (aspect, wider) = Of(Aspects) switch
        {
            "scope" => ("scope", parts with { Scopes = ScopeSet.Of(parts.Scopes.Scopes.Select(s => s.ToString()).Append(Of(["tool.*:hr/**", "**:crm/a", "tool.invoke:**", "root.do:x"]))) }),
            "end" when outer.NotAfter is { } end => ("end", parts with { NotAfter = end.AddSeconds(1 + Below(4000)) }),
            "begin" when outer.NotBefore is { } begin => ("begin", parts with { NotBefore = Maybe(2) ? null : begin.AddSeconds(-1) }),
            "hours" when outer.Weekly is not null => ("hours", parts with { Weekly = Maybe(2) ? null : WeeklySchedule.Of([.. parts.Weekly?.ToTexts() ?? [], "sun 03:00-03:01"]) }),
            "network" when outer.Networks is not null => ("network", parts with { Networks = Maybe(2) ? null : NetworkSet.Of([.. parts.Networks?.Networks.Select(n => n.ToString()) ?? [], Of(["11.0.0.0/32", "2001:db9::/128", "::/0"])]) }),
            "environment" when outer.Environments is not null => ("environment", parts with { Environments = Maybe(2) ? null : NameSet.Of([.. parts.Environments?.Names ?? [], "dev"]) }),
            "data" when outer.DataClasses is not null => ("data", parts with { DataClasses = Maybe(2) ? null : NameSet.Of([.. parts.DataClasses?.Names ?? [], "secrets"]) }),
            "tags" when !outer.Obligations.IsEmpty => ("tags", parts with { Obligations = NameSet.Of(parts.Obligations.Names.Except([outer.Obligations.Names[0]])) }),
            "depth" => ("depth", parts with { DelegationDepth = outer.DelegationDepth + (isDelegated ? 0 : 1) }),
            "lifetime" when outer.MaximumLifetime is { } lifetime => ("lifetime", parts with { MaximumLifetime = Maybe(2) ? null : lifetime + TimeSpan.FromSeconds(1) }),
            "budget" when !outer.Budget.Amounts.IsEmpty => ("budget", parts with { Budget = Widened(parts.Budget, outer.Budget) }),
            _ => (null, parts),
        };
        if (aspect is null || !AgentPolicy.TryCreate(wider, out var widened, out _))
        {
            return null;
        }

        policy = widened;
        return aspect;
    }

    /// <summary>One or two members to limit an agent of <paramref name="policy"/> to; sometimes more than it has.</summary>
    public string Limit(AgentPolicy policy, DateTimeOffset now)
    {
        var stated = new JsonObject();
        var from = Narrower(policy, now);
        var isWider = Maybe(2) && Widen(ref from, policy, isDelegated: false) is not null;
        var whole = JsonNode.Parse(from.ToJson())!.AsObject();
        whole.TryAdd("delegation_depth", 0);
        var members = whole.Select(m => m.Key).ToList();
        for (var left = isWider ? members.Count : 1 + Below(2); left > 0; left--)
        {
            var name = isWider ? members[left - 1] : Of(members);
            stated[name] = whole[name]!.DeepClone();
        }

        return stated.ToJsonString();
    }

    private static Budget Widened(Budget mine, Budget outer)
    {
        var (unit, amount) = outer.Amounts.First();
        return Budget.Of(mine.Amounts.SetItem(unit, amount + 1));
    }

    private NameSet? Fewer(NameSet? names, params string[] otherwise) => names is null ? Maybe(4) ? NameSet.Of(otherwise) : null : Maybe(2) ? names : NameSet.Of(names.Names.Where(_ => !Maybe(3)));

    private string Narrower(string scope)
    {
        var colon = scope.IndexOf(':', StringComparison.Ordinal);
        var (action, resource) = (scope[..colon], scope[(colon + 1)..]);
        action = Maybe(3) ? Close(action, '.') : action;
        return $"{action}:{Close(resource, '/')}";
    }

    private string Close(string pattern, char separator) =>
        pattern.EndsWith("**", StringComparison.Ordinal) ? pattern[..^2] + Of([Of(Words), $"{Of(Words)}{separator}**", $"{Of(Words)}{separator}*", "**"])
        : pattern.EndsWith('*') ? pattern[..^1] + Of([Of(Words), "b*", "*"])
        : pattern;

    private static DateTimeOffset Seconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}
