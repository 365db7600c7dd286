using System.Globalization;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Names;

namespace AgentPki.X509.Tests.AgentPolicies;

/// <summary>Draws policies from a seed: few words, so that two of them meet often.</summary>
internal sealed class PolicyDraw(ulong seed)
{
#pragma warning disable RS0030, CA5394 // A seeded generator of test data: the same seed gives the same policy.
    private readonly Random _random = new((int)(seed ^ seed >> 32));
#pragma warning restore RS0030, CA5394

    private static readonly string[] Words = ["a", "ab", "abc", "b", "ba"];
    private static readonly string[] Names = ["prod", "test", "dev", "lab"];
    private static readonly string[] Units = ["usd", "calls"];
    private static readonly string[] Days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    public AgentPolicy Policy() => AgentPolicy.Create(new AgentPolicyParts
    {
        Scopes = ScopeSet.Of(Enumerable.Range(0, Below(4)).Select(_ => Scope())),
        NotBefore = Maybe(3) ? Moment(Below(5)) : null,
        NotAfter = Maybe(3) ? Moment(5 + Below(5)) : null,
        Weekly = Maybe(3) ? WeeklySchedule.Of(Enumerable.Range(0, Below(4)).Select(_ => Window())) : null,
        Networks = Maybe(3) ? NetworkSet.Of(Enumerable.Range(0, Below(5)).Select(_ => Network())) : null,
        Environments = Maybe(3) ? Set() : null,
        DataClasses = Maybe(3) ? Set() : null,
        Obligations = Maybe(2) ? Set() : NameSet.Empty,
        DelegationDepth = Below(4),
        MaximumLifetime = Maybe(3) ? TimeSpan.FromSeconds(60 * (1 + Below(4))) : null,
        Budget = Maybe(2) ? Budget.Of(Units.Where(_ => Maybe(2)).Select(u => new KeyValuePair<string, long>(u, Below(4)))) : Budget.Unbounded,
        Parent = Maybe(2) ? new ParentGrant(SpiffeId.Parse("spiffe://x/" + Words[Below(5)]), new byte[32]) : null,
    });

    /// <summary>Mostly narrower than another, sometimes wider in one place.</summary>
    public AgentPolicy Near(AgentPolicy parent)
    {
        var narrowed = Maybe(4) ? parent : TryMeet(parent, Policy());
        var parts = narrowed.ToParts() with { DelegationDepth = Math.Max(0, parent.DelegationDepth - 1) };
        var other = Policy();
        parts = Below(14) switch
        {
            0 => parts with { Scopes = other.Scopes },
            1 => parts with { NotBefore = other.NotBefore, NotAfter = other.NotAfter },
            2 => parts with { Weekly = other.Weekly },
            3 => parts with { Networks = other.Networks },
            4 => parts with { Environments = other.Environments },
            5 => parts with { DataClasses = other.DataClasses },
            6 => parts with { Obligations = other.Obligations },
            7 => parts with { DelegationDepth = other.DelegationDepth },
            8 => parts with { MaximumLifetime = other.MaximumLifetime },
            9 => parts with { Budget = other.Budget },
            _ => parts,
        };
        return AgentPolicy.Create(parts);
    }

    public string Action() => string.Join('.', Enumerable.Range(0, 1 + Below(3)).Select(_ => Words[Below(5)]));

    public string Resource() => string.Join('/', Enumerable.Range(0, 1 + Below(4)).Select(_ => Words[Below(5)]));

    public string Scope() => $"{Pattern('.', 2)}:{Pattern('/', 3)}";

    public DateTimeOffset Moment(int step) => new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(step);

    public int Below(int bound) => _random.Next(bound);

    public bool Maybe(int oneIn) => _random.Next(oneIn) == 0;

    private string Pattern(char separator, int most)
    {
        var segments = Enumerable.Range(0, 1 + Below(most)).Select(_ => Below(3) switch { 0 => "*", 1 => Words[Below(5)] + "*", _ => Words[Below(5)] }).ToList();
        if (Maybe(3))
        {
            segments.Add("**");
        }

        return string.Join(separator, segments);
    }

    private NameSet Set() => NameSet.Of(Names.Where(_ => Maybe(2)));

    private string Window()
    {
        var start = Below(24);
        return Below(3) switch
        {
            0 => string.Create(CultureInfo.InvariantCulture, $"{Days[Below(7)]} {start:00}:{Below(60):00}-{Days[Below(7)]} {Below(25):00}:00"),
            1 => string.Create(CultureInfo.InvariantCulture, $"daily {start:00}:00-{start + 1 + Below(24 - start):00}:00"),
            _ => string.Create(CultureInfo.InvariantCulture, $"mon-{Days[Below(7)]} {start:00}:00-{start + 1 + Below(24 - start):00}:00"),
        };
    }

    private string Network()
    {
        var prefix = Below(10);
        return Maybe(3)
            ? new Func<string>(() => { var bits = Below(8) & (0xFF << Math.Max(0, 8 - prefix)); return $"2001:db8:{bits << 8:x}::/{32 + Math.Min(prefix, 8)}"; })()
            : $"10.{Below(256) & (0xFF00 >> Math.Min(prefix, 8) & 0xFF)}.0.0/{8 + Math.Min(prefix, 8)}";
    }

    private static AgentPolicy TryMeet(AgentPolicy one, AgentPolicy other)
    {
        try
        {
            return one.Intersect(other);
        }
        catch (FormatException)
        {
            return one;
        }
    }
}
