using AgentPki.Agents;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.X509.Names;

namespace AgentPki.Authority.Registry;

/// <summary>What the registry says to an enrolment: which agents are enrolled at all, with which profiles, and whose children. The commit checks once more what may change meanwhile.</summary>
internal sealed class RegistryGate(IAgentStore agents, ICampaignStore campaigns, RulesKeeper<RegistryRules> rules)
{
    /// <summary>Null when the registry has nothing against it.</summary>
    /// <param name="agent">Null: nobody knows it yet.</param>
    public async ValueTask<PkiProblem?> WhyNotAsync(AuthenticatedRequester who, string agentId, AgentRecord? agent, CertificateProfile profile, CancellationToken cancellationToken) =>
        agent is null ? await WhyNotNewAsync(who, agentId, cancellationToken) : await WhyNotProfileAsync(agent, profile, cancellationToken);

    private async ValueTask<PkiProblem?> WhyNotNewAsync(AuthenticatedRequester who, string agentId, CancellationToken cancellationToken)
    {
        var parent = (who as AuthenticatedRequester.ByCertificate)?.Agent;
        if (parent is { Registration.Children: { } rule })
        {
            return !rule.Allows(SpiffeId.Parse(agentId).Path) ? Refuse($"the registry does not let {parent.Id} have {agentId} for a child: its children are {rule}")
                : rule.Maximum is { } most && await agents.CountAsync(new AgentQuery { Parent = parent.Id, WithoutRetired = true }, cancellationToken) >= most ? Refuse($"the registry does not let {parent.Id} have more than {most} children: retire one, or have the number raised")
                : null;
        }

        if (rules.Current.RegisteredOnly)
        {
            return Refuse(parent is null
                ? "the agent is not registered, and this appliance enrols registered agents only: an operator registers it with 'agentpki agent apply'"
                : $"this appliance enrols registered agents only, and nothing registered lets {parent.Id} have children: an operator says which ('children' in 'agentpki agent apply')");
        }

        return who.Owner is { } owner && await agents.FindOwnerAsync(owner, cancellationToken) is { State: OwnerState.Left } ? Refuse($"{owner} has left, and answers for no new agents") : null;
    }

    private async ValueTask<PkiProblem?> WhyNotProfileAsync(AgentRecord agent, CertificateProfile profile, CancellationToken cancellationToken)
    {
        if (agent.Registration.Allows(profile.Name) || await IsByCampaignAsync(agent, profile, cancellationToken))
        {
            return null;
        }

        return Refuse($"the registry lets this agent have certificates of {string.Join(", ", agent.Registration.Profiles)} only, not of '{profile.Name}'");
    }

    /// <summary>Whether a campaign, over or not, has moved the agent to that profile from one that it may have: the fleet's move is not undone by what was registered before it.</summary>
    private async ValueTask<bool> IsByCampaignAsync(AgentRecord agent, CertificateProfile profile, CancellationToken cancellationToken)
    {
        var from = (await campaigns.FindMembersAsync(agent.Id, cancellationToken)).Where(m => agent.Registration.Allows(m.Profile)).Select(m => m.Campaign).ToHashSet(StringComparer.Ordinal);
        return from.Count > 0 && (await campaigns.ListAsync(cancellationToken)).Any(c => from.Contains(c.Name) && c.Target.Profile == profile.Name);
    }

    private static PkiProblem Refuse(string detail) => new(PkiProblemKind.Unauthorized, detail);
}
