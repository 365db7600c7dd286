using System.Collections.Immutable;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.Authority.Profiles;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Decisions.Policies;

/// <summary>Reads the policies of one file (docs/decisions.md).</summary>
internal static class PolicyReader
{
    private const int MaximumPatterns = 64;

    public static IReadOnlyList<ActionPolicy> Read(string file, string yaml, List<ProfileError> errors)
    {
        using var reader = new StringReader(yaml);
        if (ProfileNode.Parse(file, reader, errors) is not { } root)
        {
            return [];
        }

        var policies = root.Sections("policies").Select(node => ReadOne(file, node)).ToList();
        if (!root.Has("policies"))
        {
            root.Fail("policies", "is missing: a list, which may be empty");
        }

        root.RejectUnknown();
        return policies;
    }

    private static ActionPolicy ReadOne(string file, ProfileNode node)
    {
        var id = node.RequiredText("id");
        if (!IsId(id))
        {
            node.Fail("id", "1 to 64 lower-case letters, digits, '.', '_' and '-' are wanted");
        }

        if (!node.Has("effect"))
        {
            node.Fail("effect", "is missing: permit or forbid");
        }

        var effect = node.Choice("effect", PolicyEffect.Forbid, ("permit", PolicyEffect.Permit), ("forbid", PolicyEffect.Forbid));
        var agents = ReadAgents(node.Section("agents"));
        var actions = ReadPatterns(node, "actions", SegmentSyntax.Action, effect);
        var resources = ReadPatterns(node, "resources", SegmentSyntax.Resource, effect);
        PolicyCondition? condition = null;
        if (node.Text("when") is { } text && !PolicyCondition.TryParse(text.Trim(), out condition, out var error))
        {
            node.Fail("when", error);
        }

        var policy = new ActionPolicy(id, effect, node.Text("description") ?? "", agents, actions, resources, condition, file) { Offline = ReadOffline(node, effect, condition) };
        node.RejectUnknown();
        return policy;
    }

    private static TimeSpan ReadOffline(ProfileNode node, PolicyEffect effect, PolicyCondition? condition)
    {
        var offline = node.Duration("offline", TimeSpan.FromSeconds(1), ActionPolicy.LongestOffline) ?? TimeSpan.Zero;
        if (offline > TimeSpan.Zero && effect == PolicyEffect.Forbid)
        {
            node.Fail("offline", "is for permits: what is forbidden is so whoever can be asked");
        }
        else if (offline > TimeSpan.Zero && condition is { IsMomentary: true })
        {
            node.Fail("offline", "the condition looks at now or recent, which says nothing of a moment later: leave out one of the two, or put the hours into the agents' own policies (weekly)");
        }

        return offline;
    }

    private static AgentMatch ReadAgents(ProfileNode node)
    {
        var match = new AgentMatch(node.Texts("ids"), node.Texts("owners"), node.Texts("tiers"), node.Texts("environments"), node.Texts("profiles"));
        foreach (var id in match.Ids)
        {
            if (!id.StartsWith('/') && !(id.StartsWith(AgentMatch.Scheme, StringComparison.Ordinal) && !id.Contains('*', StringComparison.Ordinal)))
            {
                node.Fail("ids", $"'{id}' is neither a path pattern (/payments/**) nor a whole SPIFFE ID");
            }
        }

        node.RejectUnknown();
        return match;
    }

    private static ImmutableArray<SegmentPattern> ReadPatterns(ProfileNode node, string field, SegmentSyntax syntax, PolicyEffect effect)
    {
        var texts = node.Texts(field);
        if (texts.Length is 0 or > MaximumPatterns)
        {
            node.Fail(field, $"1 to {MaximumPatterns} patterns are wanted; '**' is all there is");
        }

        var patterns = ImmutableArray.CreateBuilder<SegmentPattern>();
        foreach (var text in texts)
        {
            // What is forbidden is forbidden however its letters are written.
            if (SegmentPattern.TryParse(syntax, effect == PolicyEffect.Forbid ? text.ToLowerInvariant() : text, out var pattern, out var error))
            {
                patterns.Add(pattern);
            }
            else
            {
                node.Fail(field, error);
            }
        }

        return patterns.ToImmutable();
    }

    internal static bool IsId(string id) => NameSet.IsName(id);
}
