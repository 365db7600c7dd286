using AgentPki.Agents;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Registry;

/// <summary>What keeps an agent where it stands: it would leave what bounds it from above.</summary>
internal static class FamilyTies
{
    /// <summary>Why an agent may not get another parent, or none; null: it may.</summary>
    public static async ValueTask<PkiProblem?> WhyNotLeaveAsync(AgentRecord agent, IAgentStore agents, CancellationToken cancellationToken)
    {
        if (agent.Registration.ReadPolicy()?.Parent is { } granted)
        {
            return new PkiProblem(PkiProblemKind.Conflict, $"parent: {agent.Id} is a child of {granted.Agent} by its grant, and stays that; revoke or retire it instead");
        }

        for (var above = agent.Parent; above is not null;)
        {
            var record = await agents.FindAsync(above, cancellationToken);
            if (record?.Registration.Limits is not null)
            {
                return new PkiProblem(PkiProblemKind.Conflict, $"parent: {above} was limited, and {agent.Id} is below it; 'agentpki agents lift' takes the limit away first");
            }

            above = record?.Parent;
        }

        return null;
    }
}
