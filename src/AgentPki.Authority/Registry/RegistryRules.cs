using System.Collections.Immutable;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Governance;
using AgentPki.Ledger;

namespace AgentPki.Authority.Registry;

/// <summary>What is asked of agents of one tier.</summary>
/// <param name="Registrars">Roles that register and review them; none: nobody does. <see cref="AdminRole.Owner"/>: for his own owners.</param>
/// <param name="SecondPerson">Whether each change of what is registered waits for a second person.</param>
/// <param name="ReviewEvery">How long after registration or review the next review is due; null: there are none.</param>
public sealed record TierRule(ImmutableArray<AdminRole> Registrars, bool SecondPerson, TimeSpan? ReviewEvery)
{
    /// <summary>The longest that a permission of such an agent may be relied on when the appliance cannot be asked (docs/decisions.md); zero: not at all.</summary>
    public TimeSpan LongestOffline { get; init; }

    /// <summary>Of a tier that the rules do not name: nobody registers agents of it.</summary>
    public static TierRule Nobody { get; } = new([], true, null);
}

/// <summary>The rules of the registry: the file <c>registry.yaml</c> of the home, or what is in force where there is none (docs/registry.md).</summary>
public sealed record RegistryRules : IRules
{
    /// <summary>Agents that nobody has registered are not enrolled; else they are registered with their first certificate, at the lowest tier.</summary>
    public bool RegisteredOnly { get; init; }

    /// <summary>Agents are registered for owners alone who were added before; else an owner becomes known with his first agent.</summary>
    public bool KnownOwnersOnly { get; init; }

    /// <summary>By <see cref="RiskTier"/>.</summary>
    public ImmutableArray<TierRule> Tiers { get; init; } =
    [
        new([AdminRole.RaAdministrator, AdminRole.Owner], false, null) { LongestOffline = OfflineUnlessSaid(RiskTier.Low) },
        new([AdminRole.RaAdministrator, AdminRole.Owner], false, TimeSpan.FromDays(365)) { LongestOffline = OfflineUnlessSaid(RiskTier.Medium) },
        new([AdminRole.RaAdministrator], true, TimeSpan.FromDays(180)) { LongestOffline = OfflineUnlessSaid(RiskTier.High) },
        new([AdminRole.RaAdministrator], true, TimeSpan.FromDays(90)) { LongestOffline = OfflineUnlessSaid(RiskTier.Critical) },
    ];

    /// <summary>How long the agents of an owner who left stay active; null: they are reported, and stay.</summary>
    public TimeSpan? OrphanGrace { get; init; } = TimeSpan.FromDays(14);

    /// <summary>How long after the day on which its review was due an agent stays active; null: it is reported, and stays.</summary>
    public TimeSpan? ReviewGrace { get; init; } = TimeSpan.FromDays(14);

    /// <summary>SHA-256 of the file; of what is built in: of nothing.</summary>
    public string Digest { get; init; } = ApprovedFiles.DigestOf([]);

    /// <summary>What is in force where the home has no file: as it was before there was a registry, with a second person for the upper tiers.</summary>
    public static RegistryRules BuiltIn { get; } = new();

    public static RulesKind<RegistryRules> Kind { get; } = new(RegistryRulesReader.File, "The rules of the registry", "registry", BuiltIn, RegistryRulesReader.Read, LedgerEntryKind.RegistryRulesChanged, LedgerEntryKind.RegistryRulesRefused);

    public TierRule Of(RiskTier tier) => Tiers[(int)tier];

    /// <summary>The longest that a permission may be relied on offline; of a tier that is no tier not at all.</summary>
    public TimeSpan LongestOffline(string? tier) => tier is not null && RiskTiers.TryParse(tier, out var known) ? Of(known.Value).LongestOffline : TimeSpan.Zero;

    /// <summary>What holds of a tier where the rules do not say.</summary>
    public static TimeSpan OfflineUnlessSaid(RiskTier tier) => tier switch
    {
        RiskTier.Low => TimeSpan.FromHours(1),
        RiskTier.Medium => TimeSpan.FromMinutes(15),
        RiskTier.High => TimeSpan.FromMinutes(5),
        _ => TimeSpan.Zero,
    };

    /// <summary>The day by which the next review is due.</summary>
    public DateOnly? NextReview(RiskTier tier, DateTimeOffset now) => Of(tier).ReviewEvery is { } every ? DateOnly.FromDateTime((now + every).UtcDateTime) : null;

    /// <summary>Reviews that were due before that day are overdue beyond their grace: a review is due until the end of its day.</summary>
    public DateOnly? OverdueBefore(DateTimeOffset now) => ReviewGrace is { } grace ? DateOnly.FromDateTime((now - grace).UtcDateTime) : null;
}
