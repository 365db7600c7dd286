using AgentPki.Authority.Store;

namespace AgentPki.Testing.Stores;

internal static partial class InMemoryChanges
{
    private static InMemoryState AddSuccession(InMemoryState state, StoreChange.AddSuccession c)
    {
        var added = c.Succession;
        Check(IsAuthority(state, added.Predecessor), c, ConflictReasons.AuthorityUnknown(added.Predecessor));
        Check(IsAuthority(state, added.Successor), c, ConflictReasons.AuthorityUnknown(added.Successor));
        Check(!state.Successions.Exists(s => s.Predecessor == added.Predecessor), c, ConflictReasons.SuccessionExists(added.Predecessor));
        return state with
        {
            Successions = state.Successions.Add(added with { Created = Milliseconds(added.Created), SwitchAt = added.SwitchAt is { } at ? Milliseconds(at) : null, ServedUntil = Milliseconds(added.ServedUntil) }),
        };
    }

    private static InMemoryState ChangeSuccession(InMemoryState state, StoreChange.ChangeSuccession c)
    {
        var known = state.Successions.Find(s => s.Predecessor == c.Predecessor);
        Check(known is not null && known.State == c.From, c, ConflictReasons.SuccessionMoved(c.Predecessor, c.From));
        return state with { Successions = state.Successions.Replace(known!, known! with { State = c.To, SwitchAt = c.To == SuccessionState.Prepared ? null : known.SwitchAt }) };
    }

    private static InMemoryState AddCampaign(InMemoryState state, StoreChange.AddCampaign c)
    {
        Check(!state.Campaigns.Exists(k => k.Name == c.Campaign.Name), c, ConflictReasons.CampaignExists(c.Campaign.Name));
        return state with { Campaigns = state.Campaigns.Add(c.Campaign with { Created = Milliseconds(c.Campaign.Created), Ended = c.Campaign.Ended is { } ended ? Milliseconds(ended) : null }) };
    }

    private static InMemoryState ChangeCampaign(InMemoryState state, StoreChange.ChangeCampaign c)
    {
        var known = state.Campaigns.Find(k => k.Name == c.Name);
        Check(known is not null, c, ConflictReasons.CampaignUnknown(c.Name));
        Check(known!.State == c.From, c, ConflictReasons.CampaignMoved(c.Name, c.From));
        return state with { Campaigns = state.Campaigns.Replace(known, known with { State = c.To, Share = c.Share, Ended = c.Ended is { } ended ? Milliseconds(ended) : null }) };
    }

    private static InMemoryState AddMember(InMemoryState state, StoreChange.AddMember c)
    {
        Check(state.Campaigns.Exists(k => k.Name == c.Campaign), c, ConflictReasons.CampaignUnknown(c.Campaign));
        Check(state.Agents.TryGetValue(c.AgentId, out var agent), c, ConflictReasons.AgentUnknown(c.AgentId));
        var open = state.Campaigns.Where(k => k.IsOpen && k.Name != c.Campaign).Select(k => k.Name).ToHashSet();
        Check(!state.Members.Values.Any(m => m.AgentId == c.AgentId && open.Contains(m.Campaign)), c, ConflictReasons.MemberOfAnotherCampaign(c.AgentId));
        var key = (c.Campaign, c.AgentId, c.Profile);
        return state.Members.ContainsKey(key)
            ? state
            : state with { Members = state.Members.Add(key, new CampaignMember(c.Campaign, c.AgentId, agent!.Owner, c.Profile, c.Position, MemberState.Selected, Milliseconds(c.Time), null, null)) };
    }

    private static InMemoryState MoveMember(InMemoryState state, StoreChange.MoveMember c)
    {
        var key = (c.Campaign, c.AgentId, c.Profile);
        Check(state.Members.TryGetValue(key, out var known) && (known.State == c.To || c.From.Contains(known.State)), c, ConflictReasons.MemberMoved(c.Campaign, c.AgentId));
        return known!.State == c.To
            ? state
            : state with { Members = state.Members.SetItem(key, known with { State = c.To, Since = Milliseconds(c.Time), Problem = null, ProblemTime = null }) };
    }

    private static InMemoryState NoteMember(InMemoryState state, StoreChange.NoteMember c) =>
        state.Members.TryGetValue((c.Campaign, c.AgentId, c.Profile), out var known)
            ? state with { Members = state.Members.SetItem((c.Campaign, c.AgentId, c.Profile), known with { Problem = c.Problem, ProblemTime = Milliseconds(c.Time) }) }
            : state;
}
