using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgentPki.Authority.Spiffe;

/// <summary>A registration entry: a process of which all these selectors are true is that agent. Whoever may write entries may say so.</summary>
public sealed class WorkloadEntry
{
    /// <summary>1 to 64 of <c>[a-z0-9-]</c>; the ledger names the entry by it.</summary>
    public required string Name { get; init; }

    /// <summary>The SPIFFE ID, the whole URI.</summary>
    public required string Id { get; init; }

    /// <summary>At least one; all of them must hold.</summary>
    public required ImmutableArray<WorkloadSelector> Selectors { get; init; }

    /// <summary>The label of the profile that says what its certificates are.</summary>
    public required string Profile { get; init; }

    /// <summary>Who answers for the agent.</summary>
    public required string Owner { get; init; }

    /// <summary>Shorter than the profile's validity; null: the profile's.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>Names beside the SPIFFE ID, as far as the profile allows them.</summary>
    public ImmutableArray<string> DnsNames { get; init; } = [];

    /// <summary>Foreign trust domains whose bundles it gets.</summary>
    public ImmutableArray<string> Federates { get; init; } = [];

    /// <summary>Tells a workload with several identities which is which (SPIFFE Workload API §5.2.1); empty: none.</summary>
    public string Hint { get; init; } = "";

    /// <summary>Who asks, in the ledger.</summary>
    public string Actor => $"entry:{Name}";

    /// <summary>Two entries that say the same have the same; an identity is made anew when it changes.</summary>
    public string Digest => field ??= Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(
        '\n',
        new[] { Name, Id, Profile, Owner, Lifetime?.Ticks.ToString(CultureInfo.InvariantCulture) ?? "", Hint, $"{DnsNames.Length}", $"{Federates.Length}" }.Concat(DnsNames).Concat(Federates).Concat(Selectors.Select(s => s.ToString()))))));

    /// <summary>Whether a process of which these are true is meant.</summary>
    public bool Matches(IReadOnlySet<WorkloadSelector> workload) => !Selectors.IsEmpty && Selectors.All(workload.Contains);
}
