using System.Diagnostics.CodeAnalysis;

namespace AgentPki.X509.AgentPolicies;

/// <summary>
/// What an agent may do at most, as it stands in its certificate: scopes, times, networks, environments, data, what it may use up, and how far it may delegate. It is a bound, not a permit:
/// the appliance that decides an action asks its policies as well. A value exists only in valid form and has one encoding (<c>docs/asn1/AgentPolicy.asn1</c>).
/// </summary>
/// <remarks>How two of them compare is <see cref="AgentPolicyOrder"/>, and in words <c>docs/agent-policy.md</c>.</remarks>
public sealed record AgentPolicy
{
    /// <summary>Generations that may be below any agent.</summary>
    public const int MaximumDepth = 16;

    /// <summary>The longest bound on a certificate's lifetime: 397 days.</summary>
    public static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(397);

    // Of a second that is included; added to the last moment of all it would be no time.
    private static readonly TimeSpan LastSecond = TimeSpan.FromSeconds(1);
    private static readonly DateTimeOffset LastMoment = new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero);

    private AgentPolicy()
    {
    }

    /// <summary>An identity and nothing else: it may do nothing and delegate nothing.</summary>
    public static AgentPolicy Nothing { get; } = new();

    public ScopeSet Scopes { get; private init; } = ScopeSet.Nothing;

    /// <summary>It may act from then on (UTC, whole seconds); null: from ever.</summary>
    public DateTimeOffset? NotBefore { get; private init; }

    /// <summary>It may act until then, that second included; null: for ever.</summary>
    public DateTimeOffset? NotAfter { get; private init; }

    /// <summary>The hours of the week; null: all.</summary>
    public WeeklySchedule? Weekly { get; private init; }

    /// <summary>From where it may act; null: from anywhere.</summary>
    public NetworkSet? Networks { get; private init; }

    /// <summary>Where it may run (<c>production</c>, <c>staging</c>); null: anywhere.</summary>
    public NameSet? Environments { get; private init; }

    /// <summary>Kinds of data that it may touch (<c>public</c>, <c>customer-pii</c>); null: any.</summary>
    public NameSet? DataClasses { get; private init; }

    /// <summary>Compliance tags (<c>gdpr</c>, <c>pci-dss</c>): whoever carries out its actions has to heed them. A child has all of its parent's and may have more.</summary>
    public NameSet Obligations { get; private init; } = NameSet.Empty;

    /// <summary>Generations of agents that it may have below itself; 0: it may not delegate.</summary>
    public int DelegationDepth { get; private init; }

    /// <summary>The longest that a certificate of it may live, in whole seconds; null: what the profile says.</summary>
    public TimeSpan? MaximumLifetime { get; private init; }

    public Budget Budget { get; private init; } = Budget.Unbounded;

    /// <summary>Null: nobody's child.</summary>
    public ParentGrant? Parent { get; private init; }

    /// <summary>Checks the parts against each other.</summary>
    public static bool TryCreate(AgentPolicyParts parts, [NotNullWhen(true)] out AgentPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        policy = null;
        error = !IsMoment(parts.NotBefore) || !IsMoment(parts.NotAfter) ? "not_before and not_after are whole seconds of the years 2000 to 9999"
            : parts.NotBefore > parts.NotAfter ? "not_after lies before not_before"
            : parts.DelegationDepth is < 0 or > MaximumDepth ? $"the delegation depth is between 0 and {MaximumDepth}"
            : parts.MaximumLifetime is { } lifetime && (lifetime < TimeSpan.FromSeconds(1) || lifetime > LongestLifetime || lifetime.Ticks % TimeSpan.TicksPerSecond != 0) ? $"the longest lifetime is whole seconds between 1 and {LongestLifetime.TotalSeconds:0}"
            : parts.Parent is { } parent && parent.Grant.Length != ParentGrant.DigestOctets ? "a grant's digest has 32 octets"
            : null;
        if (error is not null)
        {
            return false;
        }

        policy = new AgentPolicy
        {
            Scopes = parts.Scopes,
            NotBefore = parts.NotBefore?.ToUniversalTime(),
            NotAfter = parts.NotAfter?.ToUniversalTime(),
            // One value has one form: all of the week is no bound.
            Weekly = parts.Weekly is { IsAlways: true } ? null : parts.Weekly,
            Networks = parts.Networks,
            Environments = parts.Environments,
            DataClasses = parts.DataClasses,
            Obligations = parts.Obligations,
            DelegationDepth = parts.DelegationDepth,
            MaximumLifetime = parts.MaximumLifetime,
            Budget = parts.Budget,
            Parent = parts.Parent,
        };
        return true;
    }

    /// <exception cref="FormatException">The parts contradict each other; the message says how.</exception>
    public static AgentPolicy Create(AgentPolicyParts parts) => TryCreate(parts, out var policy, out var error) ? policy : throw new FormatException(error);

    /// <summary>The same for a child of somebody, or for nobody's.</summary>
    public AgentPolicy ChildOf(ParentGrant? parent) => this with { Parent = parent };

    /// <summary>What it leaves for an agent so many generations below: the same, with as many fewer to come, and nobody's child.</summary>
    public AgentPolicy Beneath(int generations) => this with { DelegationDepth = Math.Max(0, DelegationDepth - generations), Parent = null };

    /// <summary>What it is made of, to make another.</summary>
    public AgentPolicyParts ToParts() => new()
    {
        Scopes = Scopes,
        NotBefore = NotBefore,
        NotAfter = NotAfter,
        Weekly = Weekly,
        Networks = Networks,
        Environments = Environments,
        DataClasses = DataClasses,
        Obligations = Obligations,
        DelegationDepth = DelegationDepth,
        MaximumLifetime = MaximumLifetime,
        Budget = Budget,
        Parent = Parent,
    };

    /// <summary>Why an action lies outside of these bounds; null: it does not. The budget is not looked at: whoever counts does that.</summary>
    public string? WhyNot(in AgentAction action) =>
        !Scopes.Allows(action.Action, action.Resource) ? "scope: no scope of the agent has this action on this resource"
        : NotBefore > action.Time ? "time: the agent may not act yet"
        : NotAfter is { } end && action.Time - end >= LastSecond ? "time: the agent may not act any more"
        : Weekly is { } weekly && !weekly.Contains(action.Time) ? "time: outside of the agent's weekly hours"
        : Networks is { } networks && !(action.Address is { } address && networks.Contains(address)) ? (action.Address is null ? "network: the agent is bound to networks, and it is not said from where it acts" : "network: the agent may not act from this address")
        : Environments is { } environments && !(action.Environment is { } environment && environments.Contains(environment)) ? (action.Environment is null ? "environment: the agent is bound to environments, and it is not said where it runs" : "environment: the agent may not act in this one")
        : DataClasses is { } classes && !(action.DataClasses is { } touched && classes.FindOutside(touched) is null) ? (action.DataClasses is null ? "data: the agent is bound to classes of data, and it is not said what this touches" : "data: the agent may not touch data of this class")
        : null;

    private static bool IsMoment(DateTimeOffset? time) => time is not { } at || (at.Ticks % TimeSpan.TicksPerSecond == 0 && at.UtcDateTime.Year >= 2000 && at <= LastMoment);
}
