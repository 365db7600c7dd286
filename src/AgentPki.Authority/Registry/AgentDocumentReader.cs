using System.Collections.Immutable;
using System.Globalization;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Profiles;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Registry;

/// <summary>Reads agents from YAML, one document each (docs/registry.md). All errors at once, each with file, line and field; a field that is not known is one.</summary>
public static class AgentDocumentReader
{
    /// <summary>Agents in one text: what one person can look through who is to say yes, and one entry of the ledger can name.</summary>
    public const int MostAgents = 500;

    private const int MostProfiles = 32;
    private const string None = "none";

    /// <param name="file">As messages name it.</param>
    /// <param name="trustDomain">The only one that agents are named in.</param>
    public static ImmutableArray<AgentDeclaration> Read(string file, string yaml, string trustDomain, out IReadOnlyList<ProfileError> errors)
    {
        var found = new List<ProfileError>();
        errors = found;
        var nodes = ProfileNode.ParseAll(file, yaml, found);
        if (found.Count == 0 && nodes.Count is 0 or > MostAgents)
        {
            found.Add(new ProfileError(file, 1, "document", string.Create(CultureInfo.InvariantCulture, $"1 to {MostAgents} agents are wanted, each a document of its own ('---' between them)")));
            return [];
        }

        var read = ImmutableArray.CreateBuilder<AgentDeclaration>(nodes.Count);
        var lines = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            if (ReadOne(node, trustDomain) is not { } agent)
            {
                continue;
            }

            if (!lines.TryAdd(agent.Id.ToString(), agent.Source))
            {
                node.Fail("agent", $"{agent.Id} stands here twice, first at {lines[agent.Id.ToString()]}");
            }

            read.Add(agent);
        }

        return found.Count == 0 ? read.ToImmutable() : [];
    }

    private static AgentDeclaration? ReadOne(ProfileNode node, string trustDomain)
    {
        var id = ReadId(node, "agent", node.RequiredText("agent"), trustDomain);
        var owner = node.RequiredText("owner");
        if (owner.Length > 0 && OwnerRules.Check(owner) is { } wrong)
        {
            node.Fail("owner", wrong);
        }

        if (!node.Has("tier"))
        {
            node.Fail("tier", $"is missing: {string.Join(", ", RiskTiers.All.Select(t => t.Word()))}");
        }

        var registration = new AgentRegistration
        {
            Purpose = ReadPurpose(node),
            Environment = ReadEnvironment(node),
            Tier = node.Choice("tier", RiskTier.Low, [.. RiskTiers.All.Select(t => (t.Word(), t))]),
            Profiles = ReadProfiles(node),
            Children = ReadChildren(node),
            Model = ReadComponent(node, "model"),
            Runtime = ReadComponent(node, "runtime"),
            ReviewBy = ReadDate(node, "review"),
            Policy = ReadPolicy(node),
        };
        var parent = node.Text("parent") switch
        {
            null => null,
            None => new DeclaredParent(null),
            var text => ReadId(node, "parent", text, trustDomain) is { } above ? new DeclaredParent(above) : null,
        };
        node.RejectUnknown();
        return id is null ? null : new AgentDeclaration(node.Place, id, owner, registration, parent);
    }

    private static SpiffeId? ReadId(ProfileNode node, string field, string text, string trustDomain)
    {
        if (text.Length == 0)
        {
            return null;
        }

        if (!SpiffeId.TryParse(text, out var id, out var error))
        {
            node.Fail(field, $"'{text}' is no SPIFFE ID: {error}");
            return null;
        }

        if (id.TrustDomain != trustDomain || id.Path.Length == 0)
        {
            node.Fail(field, $"'{text}' is no agent of this appliance; those are spiffe://{trustDomain}/…");
            return null;
        }

        return id;
    }

    private static string? ReadPurpose(ProfileNode node)
    {
        var purpose = node.Text("purpose");
        if (purpose is not null && RegistryText.WhyNot(purpose, AgentRegistration.LongestPurpose) is { } wrong)
        {
            node.Fail("purpose", wrong);
        }

        return purpose;
    }

    private static string? ReadEnvironment(ProfileNode node)
    {
        var environment = node.Text("environment");
        if (environment is not null && !RegistryText.IsWord(environment))
        {
            node.Fail("environment", "1 to 64 lower-case letters, digits, '.', '_' and '-' are wanted, for example production");
        }

        return environment;
    }

    private static ImmutableArray<string> ReadProfiles(ProfileNode node)
    {
        var profiles = node.Texts("profiles");
        if (node.Has("profiles") && (profiles.Length is 0 or > MostProfiles || profiles.Distinct(StringComparer.Ordinal).Count() != profiles.Length))
        {
            node.Fail("profiles", "names of profiles are wanted, each once; leave the field out for every profile that lets the agent, and retire an agent that is to have none");
        }

        return profiles;
    }

    private static ChildRule? ReadChildren(ProfileNode parent)
    {
        if (!parent.Has("children"))
        {
            return null;
        }

        if (parent.IsText("children", None))
        {
            return ChildRule.None;
        }

        var node = parent.Section("children");
        var maximum = node.Has("maximum") ? node.Number("maximum", 1, 1, ChildRule.MostChildren) : (int?)null;
        if (!ChildRule.TryCreate(node.Texts("allow"), maximum, out var rule, out var error))
        {
            node.Fail("allow", error);
        }

        node.RejectUnknown();
        return rule;
    }

    private static ComponentDescriptor? ReadComponent(ProfileNode parent, string field)
    {
        if (!parent.Has(field))
        {
            return null;
        }

        var node = parent.Section(field);
        var (name, provider, version, digest) = (node.RequiredText("name"), node.Text("provider"), node.Text("version"), node.Text("digest"));
        node.RejectUnknown();
        if (name.Length == 0)
        {
            return null;
        }

        if (ComponentDescriptor.TryCreate(name, provider, version, digest, out var component, out var error))
        {
            return component;
        }

        node.Fail(error.Field, error.Message);
        return null;
    }

    /// <summary>As <c>docs/agent-policy.md</c> has it; its parent and grant are not an operator's to say.</summary>
    private static ReadOnlyMemory<byte>? ReadPolicy(ProfileNode parent)
    {
        if (!parent.Has("policy") || parent.Json("policy") is not { } json)
        {
            return null;
        }

        if (!AgentPolicyJson.TryParse(json, out var policy, out var error))
        {
            // The message begins with the member, which has a line.
            var colon = error.IndexOf(": ", StringComparison.Ordinal);
            var member = colon < 0 ? "" : error[..colon];
            var node = parent.Section("policy");
            if (member.Length > 0 && node.Has(member))
            {
                node.Fail(member, error[(colon + 2)..]);
            }
            else
            {
                parent.Fail("policy", error);
            }

            return null;
        }

        if (policy.Parent is not null)
        {
            parent.Section("policy").Fail("parent", "a parent's grant stands in the policies of those that got one, and is not registered");
        }

        var der = policy.Encode();
        if (der.Length > AgentPolicyDer.MaximumOctets)
        {
            parent.Fail("policy", $"it is longer than {AgentPolicyDer.MaximumOctets} octets when it is encoded");
        }

        return der;
    }

    private static DateOnly? ReadDate(ProfileNode node, string field)
    {
        if (node.Text(field) is not { } text)
        {
            return null;
        }

        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is >= 2000 and < 9999)
        {
            return day;
        }

        node.Fail(field, "a day is wanted, for example 2027-05-01");
        return null;
    }
}
