using System.Runtime.CompilerServices;
using AgentPki.Agents;
using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

public sealed partial class InMemoryStore : ICampaignStore
{
    ValueTask<IReadOnlyList<CampaignRecord>> ICampaignStore.ListAsync(CancellationToken cancellationToken) => new(_state.Campaigns);

    ValueTask<IReadOnlyList<CampaignMember>> ICampaignStore.FindMembersAsync(string agentId, CancellationToken cancellationToken) =>
        new(_state.Members.Values.Where(m => m.AgentId == agentId).ToList());

    ValueTask<IReadOnlyList<CampaignMember>> ICampaignStore.ListMembersAsync(MemberQuery query, int limit, CancellationToken cancellationToken) => new(
        _state.Members.Values.Where(m => m.Campaign == query.Campaign && (query.State is null || m.State == query.State) && m.Position >= query.PositionFrom && m.Position < query.PositionBelow
            && (query.SinceUntil is not { } until || m.Since <= InMemoryChanges.Milliseconds(until)) && (!query.FailedOnly || m.Problem is not null)).Take(limit).ToList());

    ValueTask<IReadOnlyList<MemberCount>> ICampaignStore.CountMembersAsync(string campaign, DateTimeOffset waitingUntil, CancellationToken cancellationToken) => new(
        _state.Members.Values.Where(m => m.Campaign == campaign).GroupBy(m => m.State).OrderBy(g => g.Key)
            .Select(g => new MemberCount(g.Key, g.Count(), g.Count(m => m.Problem is not null), g.Count(m => m.Since <= InMemoryChanges.Milliseconds(waitingUntil)))).ToList());

    ValueTask<IReadOnlyList<CampaignMember>> ICampaignStore.ListDepartedAsync(string campaign, DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        var state = _state;
        var holders = Live(state, now).Select(c => c.AgentId).ToHashSet();
        return new(state.Members.Values.Where(m => m.Campaign == campaign && m.State is (MemberState.Selected or MemberState.Switched or MemberState.Returning)
            && (state.Agents[m.AgentId].State != AgentState.Active || !holders.Contains(m.AgentId))).Take(limit).ToList());
    }

    async IAsyncEnumerable<CertificateHolder> ICampaignStore.ListHoldersAsync(DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var state = _state;
        foreach (var held in Live(state, now).Where(c => state.Agents[c.AgentId!].State == AgentState.Active).GroupBy(c => (c.AgentId, c.Profile, c.KeyAlgorithm)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var keys = held.Select(c => Convert.ToHexString(c.KeyFingerprint)).Distinct().Count();
            yield return new CertificateHolder(held.Key.AgentId!, state.Agents[held.Key.AgentId!].Owner, held.Key.Profile, held.Key.KeyAlgorithm, held.Count(), keys, held.Max(c => c.NotAfter));
        }

        await ValueTask.CompletedTask;
    }

    private static IEnumerable<CertificateRecord> Live(InMemoryState state, DateTimeOffset now) =>
        state.Certificates.Values.Where(e => e.ToStored().Status is CertificateStatus.Good && e.Certificate.AgentId is not null && e.Certificate.NotAfter > InMemoryChanges.Milliseconds(now)).Select(e => e.Certificate);
}
