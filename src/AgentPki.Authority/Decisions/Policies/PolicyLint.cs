using AgentPki.Agents.Decisions.Policies;

namespace AgentPki.Authority.Decisions.Policies;

/// <summary>What is in order and yet worth another look.</summary>
public static class PolicyLint
{
    public static IReadOnlyList<string> Look(PolicyCatalog catalog)
    {
        var found = new List<string>();
        foreach (var policy in catalog.Set.Policies)
        {
            var everybody = policy.Agents == AgentMatch.Everybody || (policy.Agents.Ids.IsEmpty && policy.Agents.Owners.IsEmpty && policy.Agents.Tiers.IsEmpty && policy.Agents.Environments.IsEmpty && policy.Agents.Profiles.IsEmpty);
            if (policy.Effect == PolicyEffect.Permit && everybody && policy.Condition is null && policy.Actions.Any(a => a.Text == "**"))
            {
                found.Add($"{policy.Source}: {policy.Id}: permits every agent every action on {string.Join(", ", policy.Resources)}");
            }

            if (policy.Effect == PolicyEffect.Forbid && policy.Condition is { } condition && condition.Text.Contains("context.", StringComparison.Ordinal) && !condition.Text.Contains("has(", StringComparison.Ordinal))
            {
                found.Add($"{policy.Source}: {policy.Id}: forbids too whatever comes without what its condition reads; say so with has(…) if that is not meant");
            }

            if (!catalog.Tests.Any(test => Reaches(test, policy)))
            {
                found.Add($"{policy.Source}: {policy.Id}: no test has a request that it applies to");
            }
        }

        return found;
    }

    private static bool Reaches(PolicyTest test, ActionPolicy policy) => policy.Evaluate(test.Request, new ConditionFacts(test.Request)) == PolicyOutcome.Applies;
}
