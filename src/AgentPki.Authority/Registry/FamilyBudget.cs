using AgentPki.Agents;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Authority.Registry;

/// <summary>Children share what their parent may use up: together they have no more of it.</summary>
internal static class FamilyBudget
{
    /// <summary>Why an agent may not have that budget, because of what its children have; null: it may.</summary>
    public static string? WhyNot(Budget budget, IReadOnlyList<AgentRecord> children)
    {
        foreach (var (unit, amount) in budget.Amounts)
        {
            var given = Given(unit, children);
            if (given > amount)
            {
                return $"budget: of {unit} its children have {given} together, and it would have {amount}; limit them first";
            }
        }

        return null;
    }

    /// <summary>Why an agent may not be limited to that budget; null: it may. A unit that was not counted before, its children count before it does: else each of them had all of it.</summary>
    public static string? WhyNotLimited(Budget budget, Budget before, IReadOnlyList<AgentRecord> children)
    {
        foreach (var unit in budget.Amounts.Keys.Where(u => !before.Amounts.ContainsKey(u)))
        {
            if (children.FirstOrDefault(c => c.Registration.ReadPolicy()?.Budget.Amounts.ContainsKey(unit) is not true) is { } uncounted)
            {
                return $"budget: {unit} was not counted, and {uncounted.Id} is below; limit its {unit} first";
            }
        }

        return WhyNot(budget, children);
    }

    private static decimal Given(string unit, IReadOnlyList<AgentRecord> children) => children.Sum(c => (decimal)(c.Registration.ReadPolicy()?.Budget.Amounts.GetValueOrDefault(unit) ?? 0));
}
