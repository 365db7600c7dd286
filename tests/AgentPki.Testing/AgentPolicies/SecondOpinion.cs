using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace AgentPki.Testing.AgentPolicies;

/// <summary>
/// The order of policies, decided by other means than the product's: it reads the JSON form, compares scopes by whether names made of the inner pattern match regular expressions made of the outer one,
/// hours minute by minute, networks as ranges of numbers. It shares no code with <c>AgentPki.X509.AgentPolicies</c>.
/// </summary>
public static class SecondOpinion
{
    private const string Fresh = "zz9-no-such-word";

    /// <summary>Whether an agent of <paramref name="parent"/> may have a child of <paramref name="child"/>.</summary>
    public static bool MayDelegate(string child, string parent)
    {
        using var inner = JsonDocument.Parse(child);
        using var outer = JsonDocument.Parse(parent);
        var (c, p) = (inner.RootElement, outer.RootElement);
        return Number(c, "delegation_depth") < Number(p, "delegation_depth") && IsWithin(c, p);
    }

    /// <summary>Whether everything that <paramref name="inner"/> allows, <paramref name="outer"/> allows.</summary>
    public static bool IsWithin(string inner, string outer)
    {
        using var one = JsonDocument.Parse(inner);
        using var two = JsonDocument.Parse(outer);
        return IsWithin(one.RootElement, two.RootElement);
    }

    private static bool IsWithin(JsonElement c, JsonElement p)
    {
        var checks = new List<bool>
        {
            Texts(c, "scopes")!.All(scope => Texts(p, "scopes")!.Any(outer => ScopeCovers(outer, scope))),
            Seconds(p, "not_before", long.MinValue) <= Seconds(c, "not_before", long.MinValue),
            Seconds(c, "not_after", long.MaxValue) <= Seconds(p, "not_after", long.MaxValue),
            Minutes(c).Zip(Minutes(p)).All(m => !m.First || m.Second),
            NetworksCover(Texts(p, "networks"), Texts(c, "networks")),
            SetCovers(Texts(p, "environments"), Texts(c, "environments")),
            SetCovers(Texts(p, "data_classes"), Texts(c, "data_classes")),
            (Texts(p, "obligations") ?? []).All((Texts(c, "obligations") ?? []).Contains),
            Number(c, "delegation_depth") <= Number(p, "delegation_depth"),
            Number(c, "maximum_lifetime", long.MaxValue) <= Number(p, "maximum_lifetime", long.MaxValue),
            !p.TryGetProperty("budget", out var budget) || budget.EnumerateObject().All(unit => c.TryGetProperty("budget", out var mine) && mine.TryGetProperty(unit.Name, out var amount) && amount.GetInt64() <= unit.Value.GetInt64()),
        };
        return checks.TrueForAll(holds => holds);
    }

    // Every name of the inner pattern matches the outer one exactly if these do: a wildcard's shortest word and one that nobody has written down, and a tail of each length up to one more than the outer pattern has segments.
    private static bool ScopeCovers(string outer, string inner)
    {
        var (o, i) = (outer.Split(':', 2), inner.Split(':', 2));
        return Covers(o[0], i[0], '.') && Covers(o[1], i[1], '/');
    }

    private static bool Covers(string outer, string inner, char separator)
    {
        var separated = Regex.Escape(separator.ToString());
        var word = $"[^{separated}]";
        var expression = string.Join(separated, outer.Split(separator).Select(s => s == "**" ? $"{word}+({separated}{word}+)*" : s == "*" ? word + "+" : s.EndsWith('*') ? Regex.Escape(s[..^1]) + word + "*" : Regex.Escape(s)));
        return Instances(inner.Split(separator), outer.Split(separator).Length + 1).All(name => Regex.IsMatch(string.Join(separator, name), $"^{expression}$"));
    }

    private static IEnumerable<string[]> Instances(string[] pattern, int longest)
    {
        IEnumerable<string[]> names = [[]];
        foreach (var segment in pattern)
        {
            string[][] continuations = segment == "**" ? [.. Enumerable.Range(1, longest).Select(n => Enumerable.Repeat(Fresh, n).ToArray())]
                : segment == "*" ? [[Fresh]]
                : segment.EndsWith('*') ? [[segment[..^1]], [segment[..^1] + Fresh]]
                : [[segment]];
            names = [.. names.SelectMany(name => continuations.Select(c => name.Concat(c).ToArray()))];
        }

        return names;
    }

    private static bool[] Minutes(JsonElement policy)
    {
        var minutes = new bool[7 * 1440];
        if (Texts(policy, "weekly") is not { } windows)
        {
            Array.Fill(minutes, true);
            return minutes;
        }

        foreach (var window in windows)
        {
            // The form that is written: "mon 08:00-18:00" or "mon 22:00-tue 06:00".
            var match = Regex.Match(window, "^(...) (..):(..)-(?:(...) )?(..):(..)$");
            var from = Minute(match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value);
            var to = Minute(match.Groups[4].Success ? match.Groups[4].Value : match.Groups[1].Value, match.Groups[5].Value, match.Groups[6].Value);
            Array.Fill(minutes, true, from, to - from);
        }

        return minutes;
    }

    private static int Minute(string day, string hour, string minute) =>
        Array.IndexOf(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], day) * 1440 + int.Parse(hour, CultureInfo.InvariantCulture) * 60 + int.Parse(minute, CultureInfo.InvariantCulture);

    private static bool NetworksCover(string[]? outer, string[]? inner)
    {
        if (outer is null)
        {
            return true;
        }

        if (inner is null)
        {
            return false;
        }

        var ranges = outer.Select(Range).OrderBy(r => r.First).ToList();
        return inner.Select(Range).All(range =>
        {
            var next = range.First;
            foreach (var (first, last) in ranges)
            {
                if (first <= next && last >= next)
                {
                    next = last + 1;
                }
            }

            return next > range.Last;
        });
    }

    // IPv4 lies apart from IPv6.
    private static (BigInteger First, BigInteger Last) Range(string network)
    {
        var parts = network.Split('/');
        var octets = IPAddress.Parse(parts[0]).GetAddressBytes();
        var first = new BigInteger(octets, isUnsigned: true, isBigEndian: true) + (octets.Length == 4 ? BigInteger.Pow(2, 200) : 0);
        return (first, first + BigInteger.Pow(2, octets.Length * 8 - int.Parse(parts[1], CultureInfo.InvariantCulture)) - 1);
    }

    private static bool SetCovers(string[]? outer, string[]? inner) => outer is null || (inner is not null && inner.All(outer.Contains));

    private static string[]? Texts(JsonElement policy, string name) => policy.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(t => t.GetString()!)] : null;

    private static long Number(JsonElement policy, string name, long absent = 0) => policy.TryGetProperty(name, out var number) ? number.GetInt64() : absent;

    private static long Seconds(JsonElement policy, string name, long absent) => policy.TryGetProperty(name, out var time) ? time.GetDateTimeOffset().ToUnixTimeSeconds() : absent;
}
