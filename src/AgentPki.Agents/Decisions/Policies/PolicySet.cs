using System.Collections.Frozen;
using System.Collections.Immutable;

namespace AgentPki.Agents.Decisions.Policies;

/// <summary>
/// All policies in force, so arranged that a request meets few of them: each policy lies under one kind of key that it names outright (an agent, an owner, an action, the first segments of a
/// resource), the one that fewest others share, or else among the rest that every request meets.
/// </summary>
public sealed class PolicySet
{
    private const int Kinds = 5;
    private readonly FrozenDictionary<string, ActionPolicy[]>[] _byKey;
    private readonly ActionPolicy[] _rest;

    private PolicySet(ImmutableArray<ActionPolicy> policies, FrozenDictionary<string, ActionPolicy[]>[] byKey, ActionPolicy[] rest) => (Policies, _byKey, _rest) = (policies, byKey, rest);

    /// <summary>No policy: nothing is permitted.</summary>
    public static PolicySet Empty { get; } = Of([]);

    /// <summary>By id.</summary>
    public ImmutableArray<ActionPolicy> Policies { get; }

    /// <param name="policies">Each id once.</param>
    /// <exception cref="ArgumentException">An id occurs twice.</exception>
    public static PolicySet Of(IEnumerable<ActionPolicy> policies)
    {
        var all = policies.OrderBy(p => p.Id, StringComparer.Ordinal).ToImmutableArray();
        for (var i = 1; i < all.Length; i++)
        {
            if (all[i].Id == all[i - 1].Id)
            {
                throw new ArgumentException($"Policy '{all[i].Id}' is there twice.", nameof(policies));
            }
        }

        var keys = all.Select(KeysOf).ToList();
        var shared = new Dictionary<(int, string), int>();
        foreach (var key in keys.SelectMany(k => k.SelectMany((names, kind) => names.Select(name => (kind, name)))))
        {
            shared[key] = shared.GetValueOrDefault(key) + 1;
        }

        var byKey = Enumerable.Range(0, Kinds).Select(_ => new Dictionary<string, List<ActionPolicy>>(StringComparer.Ordinal)).ToArray();
        var rest = new List<ActionPolicy>();
        for (var i = 0; i < all.Length; i++)
        {
            var mine = keys[i];
            var best = Enumerable.Range(0, Kinds).Where(kind => mine[kind].Length > 0).Select(kind => (Kind: kind, Worst: mine[kind].Max(name => shared[(kind, name)]))).OrderBy(k => k.Worst).Select(k => (int?)k.Kind).FirstOrDefault();
            if (best is not { } chosen)
            {
                rest.Add(all[i]);
                continue;
            }

            foreach (var name in mine[chosen])
            {
                (byKey[chosen].TryGetValue(name, out var list) ? list : byKey[chosen][name] = []).Add(all[i]);
            }
        }

        return new PolicySet(all, [.. byKey.Select(d => d.ToFrozenDictionary(p => p.Key, p => p.Value.ToArray(), StringComparer.Ordinal))], [.. rest]);
    }

    /// <summary>Every policy that may apply, and some that do not; a forbid among them wins wherever it stands.</summary>
    internal IEnumerable<ActionPolicy> CandidatesFor(DecisionRequest request)
    {
        foreach (var policy in _rest)
        {
            yield return policy;
        }

        var (first, second) = RootsOf(request.Resource.ToLowerInvariant());
        for (var kind = 0; kind < Kinds; kind++)
        {
            var key = kind switch { 0 => request.Subject.Id, 1 => request.Subject.Owner, 2 => request.Action, 3 => first, _ => second };
            if (key is not null && _byKey[kind].TryGetValue(key, out var found))
            {
                foreach (var policy in found)
                {
                    yield return policy;
                }
            }
        }
    }

    /// <summary>The names by which a request could be led to a policy, by kind; a kind is empty when the policy does not name all of them outright.</summary>
    private static string[][] KeysOf(ActionPolicy policy)
    {
        var agents = policy.Agents;
        var roots = policy.Resources.Select(r => RootsOf(r.Text.ToLowerInvariant())).ToList();
        return
        [
            agents.Ids.All(id => id.StartsWith(AgentMatch.Scheme, StringComparison.Ordinal)) ? Distinct(agents.Ids) : [],
            Distinct(agents.Owners),
            policy.Actions.All(a => !a.Text.Contains('*', StringComparison.Ordinal)) ? Distinct(policy.Actions.Select(a => a.Text)) : [],
            roots.All(r => !r.First.Contains('*', StringComparison.Ordinal)) ? Distinct(roots.Select(r => r.First)) : [],
            roots.All(r => r.Second is { } two && !two.Contains('*', StringComparison.Ordinal)) ? Distinct(roots.Select(r => r.Second ?? "")) : [],
        ];
    }

    /// <summary>The first segment, and the first two; null where there is no second.</summary>
    private static (string First, string? Second) RootsOf(string resource)
    {
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
        {
            return (resource, null);
        }

        var next = resource.IndexOf('/', slash + 1);
        return (resource[..slash], next < 0 ? resource : resource[..next]);
    }

    private static string[] Distinct(IEnumerable<string> names) => [.. names.Distinct(StringComparer.Ordinal)];
}
