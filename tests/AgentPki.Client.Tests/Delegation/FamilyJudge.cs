using System.Text.Json.Nodes;
using AgentPki.Testing.AgentPolicies;

namespace AgentPki.Client.Tests.Delegation;

/// <summary>What somebody who only reads texts says of a family: policies, grants and limits as JSON, compared by <see cref="SecondOpinion"/>. It shares no code with the order, the meet and the judge of the product.</summary>
internal static class FamilyJudge
{
    /// <summary>Whether a policy is within what an agent so many generations above has.</summary>
    public static bool IsWithin(string inner, string outer, int generations) => SecondOpinion.IsWithin(inner, Beneath(outer, generations));

    /// <summary>Whether an agent so many generations below that one may have a child of that policy.</summary>
    public static bool MayDelegate(string child, string above, int generations) => SecondOpinion.MayDelegate(child, Beneath(above, generations));

    /// <summary>Whether a policy has one action on one resource among its scopes.</summary>
    public static bool HasScope(string policy, string scope) => SecondOpinion.IsWithin(new JsonObject { ["scopes"] = new JsonArray(scope) }.ToJsonString(), new JsonObject { ["scopes"] = Parse(policy)["scopes"]!.DeepClone() }.ToJsonString());

    /// <summary>A limit as a policy: what it does not state is everything.</summary>
    public static string AsBound(string limit)
    {
        var bound = Parse(limit);
        bound.TryAdd("scopes", new JsonArray("**:**"));
        bound.TryAdd("delegation_depth", 16);
        return bound.ToJsonString();
    }

    /// <summary>A policy with what a limit states put in its place.</summary>
    public static string Limited(string policy, string limit)
    {
        var (limited, stated) = (Parse(policy), Parse(limit));
        foreach (var (name, value) in stated)
        {
            limited[name] = name switch
            {
                "obligations" => new JsonArray([.. Texts(limited[name]).Union(Texts(value)).Select(t => JsonValue.Create(t))]),
                "budget" => Merged(limited[name], value!.AsObject()),
                _ => value!.DeepClone(),
            };
        }

        return limited.ToJsonString();
    }

    /// <summary>How much of a unit all of these leave; null: none of them counts it.</summary>
    public static long? Budget(IEnumerable<string> policies, string unit) => policies.Select(p => (long?)Parse(p)["budget"]?[unit]).Min();

    private static string Beneath(string policy, int generations)
    {
        var beneath = Parse(policy);
        beneath["delegation_depth"] = Math.Max(0, ((int?)beneath["delegation_depth"] ?? 0) - generations);
        return beneath.ToJsonString();
    }

    private static JsonObject Merged(JsonNode? before, JsonObject stated)
    {
        var merged = (before?.DeepClone() ?? new JsonObject()).AsObject();
        foreach (var (unit, amount) in stated)
        {
            merged[unit] = amount!.DeepClone();
        }

        return merged;
    }

    private static IEnumerable<string> Texts(JsonNode? list) => list?.AsArray().Select(t => (string)t!) ?? [];

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();
}
