using System.Collections.Immutable;
using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.X509.AgentPolicies;
using CsCheck;

namespace AgentPki.Agents.Tests.Decisions;

/// <summary>Random policies and requests over few words, so that they often meet.</summary>
internal static class PolicyDraw
{
    internal static readonly DateTimeOffset Now = new(2027, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly string[] Conditions = ["context.amount < 100", "has(context.amount) && context.amount > 5", "agent.tier == 'low' || context.flag", "!context.flag", "recent.denials_minute < 3", "now.getHours() < 13", "context.amount == 'text'", "claims.role in ['admin']"];

    private static readonly Gen<string> Action = Pick("read", "write", "tool.invoke", "tool.list", "tool.invoke.dry");

    private static readonly Gen<string> ActionPattern = Pick("read", "write", "tool.invoke", "tool.*", "tool.**", "**", "*");

    private static readonly Gen<string> Resource = Pick("crm/a", "crm/a/1", "crm/A/1", "crm/b/1", "hr/a", "hr/b/2", "CRM/a", "crm");

    private static readonly Gen<string> ResourcePattern = Pick("crm/a", "crm/**", "crm/a/*", "crm/*/1", "hr/**", "**", "crm/A/1", "c*/**", "crm");

    internal static readonly Gen<AgentMatch> Agents = Gen.Select(
        Pick<string[]>([], ["/p/**"], ["/p/*"], ["spiffe://agents.test/p/one"], new string[] { "spiffe://agents.test/p/one", "spiffe://agents.test/q/two" }),
        Pick<string[]>([], ["team-a"], new string[] { "team-a", "team-b" }),
        Pick<string[]>([], new string[] { "low" }),
        (ids, owners, tiers) => new AgentMatch([.. ids], [.. owners], [.. tiers], [], []));

    internal static readonly Gen<PolicyCondition?> Condition = Gen.Int[0, 2 * Conditions.Length].Select(i => i < Conditions.Length && PolicyCondition.TryParse(Conditions[i], out var condition, out _) ? condition : null);

    internal static Gen<ActionPolicy> Policy(PolicyEffect effect) => Gen.Select(
        Agents, ActionPattern.Array[1, 2], ResourcePattern.Array[1, 2], Condition, Gen.Int[0, 2],
        (agents, actions, resources, condition, offline) => new ActionPolicy(
            "", effect, "", agents, [.. actions.Select(a => SegmentPattern.Parse(SegmentSyntax.Action, a))], [.. resources.Select(r => SegmentPattern.Parse(SegmentSyntax.Resource, effect == PolicyEffect.Forbid ? r.ToLowerInvariant() : r))], condition, "drawn.yaml")
        {
            Offline = effect == PolicyEffect.Permit && condition is not { IsMomentary: true } ? TimeSpan.FromMinutes(offline * 5) : TimeSpan.Zero,
        });

    internal static readonly Gen<ImmutableArray<ActionPolicy>> Policies = Gen.OneOf(Policy(PolicyEffect.Permit), Policy(PolicyEffect.Permit), Policy(PolicyEffect.Forbid)).Array[0, 12]
        .Select(drawn => drawn.Select((p, i) => p with { Id = $"p{i}" }).ToImmutableArray());

    internal static readonly Gen<Adjustment> Adjustment = Gen.Select(
        Pick(AdjustmentKind.Narrowing, AdjustmentKind.Elevation), ActionPattern, ResourcePattern, Gen.Int[-30, 30], Gen.Int[1, 30],
        (kind, action, resource, from, lasts) => new Adjustment($"{kind}{action}{resource}{from}", kind, "spiffe://agents.test/p/one", ScopeSet.Of($"{action}:{resource}"), Now.AddMinutes(from), Now.AddMinutes(from + lasts), "drawn", "admin:test"));

    internal static readonly Gen<DecisionRequest> Request = Gen.Select(
        Pick("p/one", "q/two", "p/x/three"), Pick("team-a", "team-b", "team-c"), Pick<string?>("low", "high", null), Action, Resource,
        Pick<object?>(null, 3L, 50L, 500L, 7.5, "text"), Gen.Int[0, 2], Adjustment.Array[0, 3],
        (path, owner, tier, action, resource, amount, flag, adjustments) =>
        {
            var context = new Dictionary<string, object?>(StringComparer.Ordinal);
            if (amount is not null)
            {
                context["amount"] = amount;
            }

            if (flag < 2)
            {
                context["flag"] = flag == 1;
            }

            return new DecisionRequest(new DecisionSubject($"spiffe://agents.test/{path}", $"/{path}", owner, tier, null, "agent", default, []), action, resource, Now, new DecisionFacts { Context = context }) { Adjustments = adjustments };
        });

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
