using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using AgentPki.Authority.Profiles;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Registry;

/// <summary>What an agent is to be limited to: the members of a policy (docs/agent-policy.md), of which those that are left out limit nothing.</summary>
internal sealed class LimitDocument
{
    private readonly AgentPolicyParts _stated;
    private readonly bool _hasScopes;
    private readonly bool _hasDepth;

    private LimitDocument(AgentPolicy stated, bool hasScopes, bool hasDepth) => (_stated, _hasScopes, _hasDepth) = (stated.ToParts(), hasScopes, hasDepth);

    /// <summary>As a policy that everything is within which heeds it.</summary>
    public AgentPolicy AsBound() => AgentPolicy.Create(_stated with
    {
        Scopes = _hasScopes ? _stated.Scopes : ScopeSet.Of(Scope.All.ToString()),
        DelegationDepth = _hasDepth ? _stated.DelegationDepth : AgentPolicy.MaximumDepth,
    });

    /// <summary>A policy with what is stated in place of what it has; obligations and units are added. Whether that is less is for the order to say.</summary>
    /// <exception cref="FormatException">The two together have no form.</exception>
    public AgentPolicy Over(AgentPolicy policy)
    {
        var parts = policy.ToParts();
        return AgentPolicy.Create(parts with
        {
            Scopes = _hasScopes ? _stated.Scopes : parts.Scopes,
            NotBefore = _stated.NotBefore ?? parts.NotBefore,
            NotAfter = _stated.NotAfter ?? parts.NotAfter,
            Weekly = _stated.Weekly ?? parts.Weekly,
            Networks = _stated.Networks ?? parts.Networks,
            Environments = _stated.Environments ?? parts.Environments,
            DataClasses = _stated.DataClasses ?? parts.DataClasses,
            Obligations = parts.Obligations.Union(_stated.Obligations),
            DelegationDepth = _hasDepth ? _stated.DelegationDepth : parts.DelegationDepth,
            MaximumLifetime = _stated.MaximumLifetime ?? parts.MaximumLifetime,
            Budget = Budget.Of(parts.Budget.Amounts.SetItems(_stated.Budget.Amounts)),
        });
    }

    /// <param name="file">As messages name it.</param>
    public static bool TryRead(string file, string yaml, [NotNullWhen(true)] out LimitDocument? limit, out ImmutableArray<ProfileError> errors)
    {
        limit = null;
        var found = new List<ProfileError>();
        var nodes = ProfileNode.ParseAll(file, yaml, found);
        if (found.Count == 0 && nodes.Count != 1)
        {
            found.Add(new ProfileError(file, 1, "document", "one YAML mapping is wanted, with what to limit: scopes, not_after, delegation_depth, …"));
        }

        if (found.Count == 0 && ReadPolicy(nodes[0]) is { } stated)
        {
            limit = new LimitDocument(stated, nodes[0].Has("scopes"), nodes[0].Has("delegation_depth"));
        }

        errors = [.. found];
        return limit is not null && found.Count == 0;
    }

    private static AgentPolicy? ReadPolicy(ProfileNode node)
    {
        if (!AgentPolicyJson.TryParse(node.Json(), out var policy, out var error))
        {
            // The message begins with the member, which has a line.
            var colon = error.IndexOf(": ", StringComparison.Ordinal);
            node.Fail(colon < 0 ? "document" : error[..colon], colon < 0 ? error : error[(colon + 2)..]);
            return null;
        }

        if (policy.Parent is not null)
        {
            node.Fail("parent", "a limit says nothing of parents");
            return null;
        }

        return policy;
    }
}
