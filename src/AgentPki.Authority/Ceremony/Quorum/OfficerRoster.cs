using System.Collections.Immutable;

namespace AgentPki.Authority.Ceremony.Quorum;

/// <summary>The officers of an appliance and how many of them decide.</summary>
/// <param name="Quorum">m of m-of-n: at least 2, so that nobody decides alone.</param>
/// <param name="Officers">By name. No two share a name or any key.</param>
public sealed record OfficerRoster(int Quorum, ImmutableArray<Officer> Officers)
{
    /// <summary>The officer of that name, or null.</summary>
    public Officer? Find(string name) => Officers.FirstOrDefault(o => o.Name == name);

    /// <summary>A roster in order.</summary>
    /// <exception cref="ArgumentException">Says what would be right.</exception>
    public static OfficerRoster Of(int quorum, IEnumerable<Officer> officers)
    {
        var roster = new OfficerRoster(quorum, [.. officers.OrderBy(o => o.Name, StringComparer.Ordinal)]);
        return roster.WhyNot() is { } wrong ? throw new ArgumentException(wrong, nameof(officers)) : roster;
    }

    private string? WhyNot()
    {
        if (Quorum < 2 || Quorum > Officers.Length || Officers.Length > 16)
        {
            return $"a quorum of {Quorum} of {Officers.Length} officers is none: at least 2, at most all of them, and at most 16 officers";
        }

        if (Officers.DistinctBy(o => o.Name).Count() != Officers.Length)
        {
            return "two officers have the same name";
        }

        var keys = Officers.SelectMany(o => new[] { o.SigningKey, o.ReceivingKey }).Select(k => Convert.ToHexString(k.Fingerprint())).ToList();
        return keys.Distinct(StringComparer.Ordinal).Count() == keys.Count ? null : "two officers have the same key: that is one person twice";
    }
}
