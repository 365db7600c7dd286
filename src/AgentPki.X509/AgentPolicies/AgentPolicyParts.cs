namespace AgentPki.X509.AgentPolicies;

/// <summary>What an <see cref="AgentPolicy"/> is made of; each part is valid, whether they fit together is seen when it is made. The defaults are those of <see cref="AgentPolicy.Nothing"/>.</summary>
public sealed record AgentPolicyParts
{
    public ScopeSet Scopes { get; init; } = ScopeSet.Nothing;

    public DateTimeOffset? NotBefore { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public WeeklySchedule? Weekly { get; init; }

    public NetworkSet? Networks { get; init; }

    public NameSet? Environments { get; init; }

    public NameSet? DataClasses { get; init; }

    public NameSet Obligations { get; init; } = NameSet.Empty;

    public int DelegationDepth { get; init; }

    public TimeSpan? MaximumLifetime { get; init; }

    public Budget Budget { get; init; } = Budget.Unbounded;

    public ParentGrant? Parent { get; init; }
}
