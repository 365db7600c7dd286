namespace AgentPki.X509.AgentPolicies;

/// <summary>
/// The order by which a child has less than its parent. <c>a</c> is within <c>b</c> when each of its parts is within <c>b</c>'s: then every action that <c>a</c> allows, <c>b</c> allows as well.
/// It is reflexive and transitive, so that a chain of which each link holds, holds from its root to its end. Parents (<see cref="AgentPolicy.Parent"/>) are no part of it.
/// </summary>
public static class AgentPolicyOrder
{
    /// <summary>Why <paramref name="inner"/> is not within <paramref name="outer"/>: the first part that is wider, in the order of <c>docs/agent-policy.md</c>; null: it is.</summary>
    public static string? WhyNotWithin(this AgentPolicy inner, AgentPolicy outer) =>
        outer.Scopes.FindOutside(inner.Scopes) is { } scope ? $"scope {scope} is not within one of {Or(outer.Scopes.ToString(), "none")}"
        : outer.NotBefore is { } begin && !(inner.NotBefore >= begin) ? $"it begins before {begin:u}"
        : outer.NotAfter is { } end && !(inner.NotAfter <= end) ? $"it ends after {end:u}"
        : outer.Weekly is { } weekly && !(inner.Weekly is { } hours && weekly.Contains(hours)) ? $"its weekly hours are not within {Or(weekly.ToString(), "none")}"
        : outer.Networks is { } networks && !(inner.Networks is { } from && networks.FindOutside(from) is null) ? $"its networks are not within {Or(networks.ToString(), "none")}"
        : outer.Environments is { } environments && !(inner.Environments is { } runs && environments.FindOutside(runs) is null) ? $"its environments are not within {Or(environments.ToString(), "none")}"
        : outer.DataClasses is { } classes && !(inner.DataClasses is { } touches && classes.FindOutside(touches) is null) ? $"its data classes are not within {Or(classes.ToString(), "none")}"
        : inner.Obligations.FindOutside(outer.Obligations) is { } obligation ? $"it lacks the obligation {obligation}"
        : inner.DelegationDepth > outer.DelegationDepth ? $"its delegation depth is {inner.DelegationDepth}, more than {outer.DelegationDepth}"
        : outer.MaximumLifetime is { } lifetime && !(inner.MaximumLifetime <= lifetime) ? $"its certificates may live longer than {lifetime.TotalSeconds:0} s"
        : outer.Budget.FindOutside(inner.Budget) is { } unit ? $"its budget of {unit} is more than {outer.Budget.Amounts[unit]}"
        : null;

    /// <summary>Why an agent of <paramref name="parent"/> may not have a child of <paramref name="child"/>; null: it may. Within, and one generation less.</summary>
    public static string? WhyNotDelegable(this AgentPolicy child, AgentPolicy parent) =>
        parent.DelegationDepth == 0 ? "the parent may not delegate (its delegation depth is 0)"
        : child.DelegationDepth >= parent.DelegationDepth ? $"its delegation depth is {child.DelegationDepth}: a child has less than its parent's {parent.DelegationDepth}"
        : child.WhyNotWithin(parent);

    /// <summary>The widest policy within both: what narrows an agent for a task. Nobody's child.</summary>
    /// <exception cref="FormatException">It has no form: more scopes, windows or units than fit, or an end before its begin.</exception>
    public static AgentPolicy Intersect(this AgentPolicy one, AgentPolicy other) => AgentPolicy.Create(new AgentPolicyParts
    {
        Scopes = one.Scopes.Intersect(other.Scopes),
        NotBefore = Later(one.NotBefore, other.NotBefore),
        NotAfter = Earlier(one.NotAfter, other.NotAfter),
        Weekly = one.Weekly is null || other.Weekly is null ? one.Weekly ?? other.Weekly : one.Weekly.Intersect(other.Weekly),
        Networks = one.Networks is null || other.Networks is null ? one.Networks ?? other.Networks : one.Networks.Intersect(other.Networks),
        Environments = Common(one.Environments, other.Environments),
        DataClasses = Common(one.DataClasses, other.DataClasses),
        Obligations = one.Obligations.Union(other.Obligations),
        DelegationDepth = Math.Min(one.DelegationDepth, other.DelegationDepth),
        MaximumLifetime = one.MaximumLifetime is null || other.MaximumLifetime < one.MaximumLifetime ? other.MaximumLifetime : one.MaximumLifetime,
        Budget = one.Budget.Intersect(other.Budget),
    });

    private static NameSet? Common(NameSet? one, NameSet? other) => one is null || other is null ? one ?? other : one.Intersect(other);

    private static DateTimeOffset? Later(DateTimeOffset? one, DateTimeOffset? other) => one is null || other > one ? other : one;

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other) => one is null || other < one ? other : one;

    private static string Or(string text, string empty) => text.Length > 0 ? text : empty;
}
