using System.Collections.Immutable;
using System.Net;
using AgentPki.Authority.Decisions;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.AgentPolicies;
using Xunit;

namespace AgentPki.Client.Tests.Delegation;

// Taking something from one member of a family never permits any of them anything.
internal sealed partial class FamilyRun
{
    private const int Asked = 6;
    private static readonly string[] Actions = ["tool.invoke", "db.read", "mail.send"];
    private static readonly string[] Resources = ["crm/customers/a", "crm/orders", "warehouse/ab/x1", "team/a", "crm/a/customers"];

    /// <summary>Some members, an action for each, and whether it is permitted now. What is permitted is within every scope from the head of the family down.</summary>
    private async Task<List<(DecisionCall Call, bool IsPermitted)>> AskAsync()
    {
        var asked = new List<(DecisionCall, bool)>();
        foreach (var relative in _all.Where(r => r.Certificate is not null).OrderBy(_ => _draw.Below(1000)).Take(Asked).ToList())
        {
            var (action, resource) = (_draw.Of(Actions), _draw.Of(Resources));
            var call = TestDecider.Call(relative.Certificate!, action, resource) with
            {
                Address = IPAddress.Parse("10.1.2.3"),
                DataClasses = NameSet.Of("public"),
                Spend = ImmutableDictionary.CreateRange([KeyValuePair.Create("usd", 0L), KeyValuePair.Create("calls", 0L)]),
            };
            var isPermitted = (await decider.DecideAsync(call)).Decision.IsPermitted;
            Count(isPermitted ? "permitted" : "denied");
            if (isPermitted)
            {
                Assert.True(relative.IsAble(Now.AddMinutes(-2)), "permitted although it is held or revoked");
                Assert.All(relative.Bounds, bound => Assert.True(FamilyJudge.HasScope(bound.Text, $"{action}:{resource}"), $"permitted {action}:{resource} beyond {bound.Text}"));
            }

            asked.Add((call, isPermitted));
        }

        return asked;
    }

    private async Task NoneMoreAsync(List<(DecisionCall Call, bool IsPermitted)> before, string what)
    {
        foreach (var (call, wasPermitted) in before)
        {
            Assert.True(wasPermitted || !(await decider.DecideAsync(call)).Decision.IsPermitted, $"{what}, and {call.SubjectId} may {call.Action}:{call.Resource}, which it might not before");
        }
    }
}
