using System.Collections.Immutable;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Agents.Registry;

/// <summary>What the registry says of an agent beside its name and its owner.</summary>
public sealed record AgentRegistration
{
    public const int LongestPurpose = 512;

    /// <summary>Of an agent that nobody has described: registered with its first certificate, at the lowest tier, with nothing forbidden that its profiles allow.</summary>
    public static AgentRegistration Unclaimed { get; } = new();

    /// <summary>What it is for, as a sentence; null: not stated, which only the lowest tier may leave out.</summary>
    public string? Purpose { get; init; }

    /// <summary>Where it runs: <c>production</c>, <c>staging</c> (<see cref="RegistryText.IsWord"/>); null: not stated.</summary>
    public string? Environment { get; init; }

    public RiskTier Tier { get; init; }

    /// <summary>Profiles that it may have certificates of; empty: those that let it.</summary>
    public ImmutableArray<string> Profiles { get; init; } = [];

    /// <summary>Null: whatever children profiles let it spawn.</summary>
    public ChildRule? Children { get; init; }

    public ComponentDescriptor? Model { get; init; }

    public ComponentDescriptor? Runtime { get; init; }

    /// <summary>It is to be reviewed by the end of that day (UTC); null: its tier wants no reviews.</summary>
    public DateOnly? ReviewBy { get; init; }

    /// <summary>What it may do, as the octets of the certificate extension; null: nothing is said.</summary>
    public ReadOnlyMemory<byte>? Policy { get; init; }

    /// <summary>What operators limited it to, whoever grants it what: <see cref="Policy"/> is within it; null: they did not. The scopes and the depth of a limit on other things are all there are.</summary>
    public ReadOnlyMemory<byte>? Limits { get; init; }

    /// <summary>How often the registry's word on it was changed: who changes it says which one he has seen. 0: nobody has.</summary>
    public int Revision { get; init; }

    /// <summary>What it may do; null: nothing is said.</summary>
    /// <exception cref="X509.MalformedDataException">What is kept is no policy: nothing here writes such.</exception>
    public AgentPolicy? ReadPolicy() => Policy is { } der ? AgentPolicyDer.Parse(der) : null;

    /// <summary>What operators limited it to; null: they did not.</summary>
    /// <exception cref="X509.MalformedDataException">What is kept is no policy: nothing here writes such.</exception>
    public AgentPolicy? ReadLimits() => Limits is { } der ? AgentPolicyDer.Parse(der) : null;

    public bool Allows(string profile) => Profiles.IsEmpty || Profiles.Contains(profile);

    public bool Equals(AgentRegistration? other) =>
        other is not null && Purpose == other.Purpose && Environment == other.Environment && Tier == other.Tier && Profiles.SequenceEqual(other.Profiles) && Equals(Children, other.Children)
        && Equals(Model, other.Model) && Equals(Runtime, other.Runtime) && ReviewBy == other.ReviewBy && Revision == other.Revision
        && Same(Policy, other.Policy) && Same(Limits, other.Limits);

    public override int GetHashCode() => HashCode.Combine(Purpose, Environment, Tier, Children, ReviewBy, Revision);

    private static bool Same(ReadOnlyMemory<byte>? one, ReadOnlyMemory<byte>? other) => one.HasValue == other.HasValue && one.GetValueOrDefault().Span.SequenceEqual(other.GetValueOrDefault().Span);
}
