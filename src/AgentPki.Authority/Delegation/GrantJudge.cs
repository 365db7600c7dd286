using AgentPki.Agents;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Delegation;

/// <summary>What a grant is held against. Nothing here asks the store.</summary>
/// <param name="Certificate">The parent's, of the connection; its key signed.</param>
/// <param name="Parent">As it is registered.</param>
/// <param name="Registered">What is registered of the parent and of those above it, together; null: nothing.</param>
/// <param name="Child">As it is registered; null: not yet.</param>
/// <param name="Siblings">The parent's other children that are not retired.</param>
internal sealed record GrantCase(SignedGrant Grant, Certificate Certificate, AgentRecord Parent, AgentPolicy? Registered, AgentRecord? Child, IReadOnlyList<AgentRecord> Siblings, DateTimeOffset Now);

/// <summary>Whether a grant may be.</summary>
internal static class GrantJudge
{
    /// <summary>How far a parent's clock may be off.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>Null, or why not.</summary>
    public static PkiProblem? Check(GrantCase @case, string policyOid, CryptoProviders providers)
    {
        var statement = @case.Grant.Statement;

        // 1. The parent's own word, now.
        if (@case.Grant.WhyNotBy(@case.Certificate, providers) is { } foreign)
        {
            return new PkiProblem(PkiProblemKind.BadProofOfPossession, foreign);
        }

        if ((statement.IssuedAt - @case.Now).Duration() > Skew)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, $"the grant's iat is {statement.IssuedAt:u} and here it is {@case.Now:u}: sign it when it is sent, with a clock that is right");
        }

        // 2. Less than the parent has: by its certificate, which is what strangers see, and by the registry, which may have been narrowed since.
        if (WhyNotLess(@case, policyOid) is { } wide)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, wide);
        }

        if (statement.Policy.NotAfter < @case.Now)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, "what is granted has ended already");
        }

        // 3. A name that the parent may give.
        return WhyNotName(@case, statement.Child) is { } name ? new PkiProblem(PkiProblemKind.Unauthorized, name) : WhyNotBudget(@case) is { } budget ? new PkiProblem(PkiProblemKind.PolicyViolation, budget) : null;
    }

    private static string? WhyNotLess(GrantCase @case, string policyOid)
    {
        var statement = @case.Grant.Statement;
        if (PolicyReading.Of(@case.Certificate, policyOid) is not { } certified)
        {
            return "your certificate carries no agent policy, so nobody could see that the child has less; have a policy registered, renew, and grant again";
        }

        if (@case.Registered is not { } registered)
        {
            return "no policy is registered of you any more; ask your owner";
        }

        return statement.Policy.WhyNotDelegable(certified)
            ?? (statement.Policy.WhyNotDelegable(registered) is { } narrowed ? $"by what is registered of you, or of one above you, now: {narrowed}" : null)
            ?? (Same(statement.ParentGrant, certified.Parent?.Grant) ? null : certified.Parent is null ? "parent_grant: you are nobody's child" : "parent_grant is not the grant that your certificate names");
    }

    // Beneath its own path, unless the registry has a rule.
    private static string? WhyNotName(GrantCase @case, SpiffeId child)
    {
        var parent = @case.Grant.Statement.Parent;
        if (@case.Child is { } known)
        {
            return known.Parent != @case.Parent.Id ? "the name belongs to an agent that is not your child"
                : known.State != AgentState.Active ? "the child is suspended or retired"
                : null;
        }

        return @case.Parent.Registration.Children is { } rule
            ? rule.Allows(child.Path) ? null : $"the registry lets you have children under {string.Join(", ", rule.Paths)} only"
            : child.Path.StartsWith(parent.Path + "/", StringComparison.Ordinal) ? null : $"a child's name lies beneath yours ({parent}/…) unless the registry says otherwise";
    }

    // Children share what their parent may use up: together they have no more of it.
    private static string? WhyNotBudget(GrantCase @case)
    {
        if (@case.Registered?.Budget.Amounts is not { IsEmpty: false } own)
        {
            return null;
        }

        foreach (var (unit, amount) in own)
        {
            var given = @case.Siblings.Sum(s => (decimal)(s.Registration.ReadPolicy()?.Budget.Amounts.GetValueOrDefault(unit) ?? 0));
            var asked = @case.Grant.Statement.Policy.Budget.Amounts.GetValueOrDefault(unit);
            if (given + asked > amount)
            {
                return $"of {amount} {unit} your other children have {given}: {asked} more are not left";
            }
        }

        return null;
    }

    private static bool Same(ReadOnlyMemory<byte>? one, ReadOnlyMemory<byte>? other) => one is { } a && other is { } b ? a.Span.SequenceEqual(b.Span) : one is null && other is null;
}
