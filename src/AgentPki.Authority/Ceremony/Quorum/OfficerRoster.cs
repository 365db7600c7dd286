using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPki.Cryptography;

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

    /// <summary>SHA-256 of <see cref="Encode"/>, hexadecimal: what the ledger keeps.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encode()));

    /// <summary>Whether both have the same officers with the same keys and the same quorum.</summary>
    public bool IsSameAs(OfficerRoster other) => Sha256 == other.Sha256;

    /// <summary>As JSON: the quorum, and each officer as in his own file.</summary>
    public byte[] Encode() => [.. JsonSerializer.SerializeToUtf8Bytes(new RosterFile(Quorum, [.. Officers.Select(o => o.ToFile())]), RosterJson.Default.RosterFile), (byte)'\n'];

    /// <summary>Reads the JSON; false with the reason when it is no roster in order.</summary>
    public static bool TryParse(ReadOnlySpan<byte> json, CryptoProviders providers, [NotNullWhen(true)] out OfficerRoster? roster, [NotNullWhen(false)] out string? problem)
    {
        (roster, problem) = (null, null);
        try
        {
            var file = JsonSerializer.Deserialize(json, RosterJson.Default.RosterFile) ?? throw new JsonException();
            var officers = new List<Officer>();
            foreach (var member in file.Officers)
            {
                if (!Officer.TryParse(JsonSerializer.SerializeToUtf8Bytes(member, OfficerJson.Default.OfficerFile), providers, out var officer, out problem))
                {
                    problem = $"{member.Name}: {problem}";
                    return false;
                }

                officers.Add(officer);
            }

            roster = Of(file.Quorum, officers);
            return true;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            problem = e is ArgumentException ? e.Message : "it is not the JSON of a roster";
            return false;
        }
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

internal sealed record RosterFile([property: JsonRequired] int Quorum, [property: JsonRequired] IReadOnlyList<OfficerFile> Officers);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RosterFile))]
internal sealed partial class RosterJson : JsonSerializerContext;
