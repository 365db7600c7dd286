using System.Globalization;
using System.Net;
using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.Authority.Profiles;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Decisions.Policies;

/// <summary>A question with the answer that its author expects, in a file beside the policies.</summary>
/// <param name="IsPermitted">What is expected.</param>
/// <param name="By">The policy that has to be among the reasons; null: any.</param>
/// <param name="Offline">For how long it has to be what may be relied on offline, as far as policies say; null: however long.</param>
public sealed record PolicyTest(string Name, string Source, DecisionRequest Request, bool IsPermitted, string? By, TimeSpan? Offline)
{
    private static readonly DateTimeOffset Unless = new(2030, 1, 2, 12, 0, 0, TimeSpan.Zero); // a Wednesday

    /// <summary>Null: the policies answer as expected; else what they answer.</summary>
    public string? WhyNot(PolicySet policies)
    {
        var decision = ActionDecider.Decide(policies, Request);
        var reasons = string.Join("; ", decision.Reasons.Select(r => r.Source is null ? $"{r.Rule.Word()}: {r.Text}" : $"{r.Rule.Word()} {r.Source}: {r.Text}"));
        return decision.IsPermitted != IsPermitted ? $"expected {(IsPermitted ? "permit" : "deny")}, and it is {(decision.IsPermitted ? "permit" : "deny")} ({reasons})"
            : By is not null && decision.Reasons.All(r => r.Source != By) ? $"expected by {By}, and it is by others ({reasons})"
            : Offline is { } offline && decision.Offline != offline ? $"expected offline for {offline.TotalSeconds:0} s, and it is {decision.Offline.TotalSeconds:0} s"
            : null;
    }

    internal static IReadOnlyList<PolicyTest> Read(string file, string yaml, List<ProfileError> errors)
    {
        using var reader = new StringReader(yaml);
        if (ProfileNode.Parse(file, reader, errors) is not { } root)
        {
            return [];
        }

        var tests = root.Sections("tests").Select(node => ReadOne(file, node)).ToList();
        root.RejectUnknown();
        return tests;
    }

    private static PolicyTest ReadOne(string file, ProfileNode node)
    {
        var agent = node.Section("agent");
        var id = agent.RequiredText("id");
        if (!SpiffeId.TryParse(id, out var name))
        {
            agent.Fail("id", "a SPIFFE ID is wanted");
        }

        var subject = new DecisionSubject(id, name?.Path ?? "/", agent.Text("owner") ?? "", agent.Text("tier"), agent.Text("environment"), agent.Text("profile") ?? "agent", default, ReadBounds(agent) is { } bounds ? [bounds] : []);
        agent.RejectUnknown();
        var at = node.Text("at") is { } time ? ReadTime(node, time) : Unless;
        var facts = new DecisionFacts { Action = node.Values("action_properties"), Resource = node.Values("resource_properties"), Claims = node.Values("claims"), Context = node.Values("context") };
        IPAddress? address = null;
        if (node.Text("ip") is { } ip && !IPAddress.TryParse(ip, out address))
        {
            node.Fail("ip", "an address is wanted");
        }

        var request = new DecisionRequest(subject, node.RequiredText("action"), node.RequiredText("resource"), at, facts) { Address = address, LongestOffline = ActionPolicy.LongestOffline };
        if (!node.Has("expect"))
        {
            node.Fail("expect", "is missing: permit or deny");
        }

        var test = new PolicyTest(node.RequiredText("name"), file, request, node.Choice("expect", false, ("permit", true), ("deny", false)), node.Text("by"), node.IsText("offline", "none") ? TimeSpan.Zero : node.Duration("offline", TimeSpan.FromSeconds(1), ActionPolicy.LongestOffline));
        node.RejectUnknown();
        return test;
    }

    private static AgentPolicy? ReadBounds(ProfileNode agent)
    {
        if (!agent.Has("scopes"))
        {
            return null;
        }

        try
        {
            return AgentPolicy.Create(new AgentPolicyParts { Scopes = ScopeSet.Of(agent.Texts("scopes")) });
        }
        catch (FormatException error)
        {
            agent.Fail("scopes", error.Message);
            return null;
        }
    }

    private static DateTimeOffset ReadTime(ProfileNode node, string text)
    {
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return time;
        }

        node.Fail("at", "a time is wanted, for example 2030-01-02T12:00:00Z");
        return Unless;
    }
}
