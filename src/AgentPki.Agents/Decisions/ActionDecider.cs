using AgentPki.Agents.Decisions.Policies;
using AgentPki.X509.AgentPolicies;

namespace AgentPki.Agents.Decisions;

/// <summary>
/// The yes or no to one action of an agent whose standing is good: pure, without I/O and clock. Whatever permits is looked at last, and nothing in it is negated: taking a permit away never
/// turns a no into a yes, adding a forbid neither.
/// </summary>
public static class ActionDecider
{
    public static Decision Decide(PolicySet policies, DecisionRequest request) =>
        WhyNotCanonical(request) ?? WhyNotBounded(request) ?? WhyNotNarrowed(request) ?? DecideByPolicies(policies, request);

    /// <summary>1. One spelling of each name: nothing is decoded, folded or resolved.</summary>
    private static Decision? WhyNotCanonical(DecisionRequest request) =>
        (SegmentSyntax.Action.WhyNoName(request.Action) ?? SegmentSyntax.Resource.WhyNoName(request.Resource)) is { } why ? Decision.Deny(DecisionRule.NotCanonical, null, why) : null;

    /// <summary>2. What the certificate carries, and what is registered. Their budgets are for whoever counts.</summary>
    private static Decision? WhyNotBounded(DecisionRequest request)
    {
        var subject = request.Subject;
        var action = new AgentAction(request.Action, request.Resource, request.Now, request.Address, subject.Environment, request.DataClasses);
        foreach (var bounds in subject.Bounds)
        {
            if (bounds.WhyNot(action) is { } why)
            {
                var colon = why.IndexOf(':', StringComparison.Ordinal);
                return Decision.Deny(DecisionRule.Bounds, colon < 0 ? null : why[..colon], colon < 0 ? why : why[(colon + 1)..].Trim());
            }
        }

        return null;
    }

    /// <summary>3. What the task needs, and what the agent was narrowed to.</summary>
    private static Decision? WhyNotNarrowed(DecisionRequest request)
    {
        if (request.Task is { } task && !task.Allows(request.Action, request.Resource))
        {
            return Decision.Deny(DecisionRule.Task, null, "the task at hand does not need this");
        }

        foreach (var adjustment in request.Adjustments)
        {
            if (adjustment.Kind == AdjustmentKind.Narrowing && adjustment.IsInForce(request.Now) && !adjustment.Scopes.Allows(request.Action, request.Resource))
            {
                return Decision.Deny(DecisionRule.Narrowed, adjustment.Id, $"until {adjustment.NotAfter:u} the agent may do other things only");
            }
        }

        return null;
    }

    /// <summary>4. Forbids, then permits and elevations, then no.</summary>
    private static Decision DecideByPolicies(PolicySet policies, DecisionRequest request)
    {
        var facts = new ConditionFacts(request);
        List<DecisionReason>? permits = null;
        var (offline, mayTurn) = (TimeSpan.Zero, false);
        foreach (var policy in policies.CandidatesFor(request))
        {
            // What may forbid and cannot be decided forbids; what may permit and cannot be decided permits nothing.
            var outcome = policy.Evaluate(request, facts);
            if (policy.Effect == PolicyEffect.Forbid)
            {
                if (outcome is not PolicyOutcome.DoesNotApply)
                {
                    return Decision.Deny(DecisionRule.Forbidden, policy.Id, outcome == PolicyOutcome.Applies ? "a policy forbids this" : "whether a policy forbids this cannot be told from what was sent, so it does");
                }

                mayTurn |= policy.Condition is { IsMomentary: true } && policy.Covers(request, facts);
            }
            else if (outcome == PolicyOutcome.Applies)
            {
                (permits ??= []).Add(new DecisionReason(DecisionRule.Permitted, policy.Id, "a policy permits this"));
                offline = policy.Offline > offline ? policy.Offline : offline;
            }
        }

        foreach (var elevation in request.Adjustments)
        {
            if (elevation.Kind == AdjustmentKind.Elevation && elevation.IsInForce(request.Now) && elevation.Scopes.Allows(request.Action, request.Resource))
            {
                (permits ??= []).Add(new DecisionReason(DecisionRule.Permitted, elevation.Id, $"it was given to the agent until {elevation.NotAfter:u}"));
            }
        }

        return permits is null
            ? Decision.Deny(DecisionRule.NoPermit, null, "no policy permits this")
            : new Decision(true, permits)
            {
                Obligations = [.. request.Subject.Bounds.SelectMany(b => b.Obligations.Names).Distinct(StringComparer.Ordinal)],
                Offline = mayTurn ? TimeSpan.Zero : OfflineReliance.Bound(offline, request),
            };
    }
}
