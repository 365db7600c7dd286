using AgentPki.Authority.Store;

namespace AgentPki.Storage.Commit;

// Campaigns and their members.
internal sealed partial class ChangeApplier
{
    private string? AddCampaign(CampaignRecord campaign)
    {
        var added = Write(session.Prepared("""
            INSERT INTO campaigns (name, algorithms, owners, profiles, target_key, target_profile, share, retirement, grace, patience, state, created_by, created, ended)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING
            """)
            .Bind(1, campaign.Name).Bind(2, string.Join('\n', campaign.Selector.Algorithms)).Bind(3, string.Join('\n', campaign.Selector.Owners))
            .Bind(4, string.Join('\n', campaign.Selector.Profiles)).Bind(5, campaign.Target.Key?.Name).Bind(6, campaign.Target.Profile).Bind(7, (long)campaign.Share)
            .Bind(8, (long)campaign.Retirement).Bind(9, (long)campaign.Grace.TotalMilliseconds).Bind(10, (long)campaign.Patience.TotalMilliseconds)
            .Bind(11, (long)campaign.State).Bind(12, campaign.CreatedBy).Bind(13, campaign.Created).Bind(14, campaign.Ended));
        return added ? null : ConflictReasons.CampaignExists(campaign.Name);
    }

    private string? ChangeCampaign(StoreChange.ChangeCampaign change)
    {
        if (Write(session.Prepared("UPDATE campaigns SET state = ?3, share = ?4, ended = ?5 WHERE name = ?1 AND state = ?2")
            .Bind(1, change.Name).Bind(2, (long)change.From).Bind(3, (long)change.To).Bind(4, (long)change.Share).Bind(5, change.Ended)))
        {
            return null;
        }

        return CampaignIdOf(change.Name) is null ? ConflictReasons.CampaignUnknown(change.Name) : ConflictReasons.CampaignMoved(change.Name, change.From);
    }

    private string? AddMember(StoreChange.AddMember change)
    {
        if (CampaignIdOf(change.Campaign) is not { } campaign)
        {
            return ConflictReasons.CampaignUnknown(change.Campaign);
        }

        if (AgentIdOf(change.AgentId) is not { } agent)
        {
            return ConflictReasons.AgentUnknown(change.AgentId);
        }

        var elsewhere = session.Prepared($"""
            SELECT 1 FROM campaign_members m JOIN campaigns c ON c.id = m.campaign
            WHERE m.agent = ?1 AND m.campaign <> ?2 AND c.state IN ({(int)CampaignState.Running}, {(int)CampaignState.Paused}, {(int)CampaignState.RollingBack})
            """).Bind(1, agent).Bind(2, campaign);
        if (elsewhere.Read())
        {
            elsewhere.Reset();
            return ConflictReasons.MemberOfAnotherCampaign(change.AgentId);
        }

        Write(session.Prepared("INSERT INTO campaign_members (campaign, agent, profile, position, state, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING")
            .Bind(1, campaign).Bind(2, agent).Bind(3, change.Profile).Bind(4, (long)change.Position).Bind(5, (long)MemberState.Selected).Bind(6, change.Time));
        return null;
    }

    private string? MoveMember(StoreChange.MoveMember change)
    {
        if (CampaignIdOf(change.Campaign) is not { } campaign || AgentIdOf(change.AgentId) is not { } agent)
        {
            return ConflictReasons.MemberMoved(change.Campaign, change.AgentId);
        }

        var known = session.Prepared("SELECT state FROM campaign_members WHERE campaign = ?1 AND agent = ?2 AND profile = ?3").Bind(1, campaign).Bind(2, agent).Bind(3, change.Profile);
        if (FindId(known) is not { } state || ((MemberState)state != change.To && !change.From.Contains((MemberState)state)))
        {
            return ConflictReasons.MemberMoved(change.Campaign, change.AgentId);
        }

        if ((MemberState)state != change.To)
        {
            Write(session.Prepared("UPDATE campaign_members SET state = ?4, since = ?5, problem = NULL, problem_time = NULL WHERE campaign = ?1 AND agent = ?2 AND profile = ?3")
                .Bind(1, campaign).Bind(2, agent).Bind(3, change.Profile).Bind(4, (long)change.To).Bind(5, change.Time));
        }

        return null;
    }

    private string? NoteMember(StoreChange.NoteMember change)
    {
        if (CampaignIdOf(change.Campaign) is { } campaign && AgentIdOf(change.AgentId) is { } agent)
        {
            Write(session.Prepared("UPDATE campaign_members SET problem = ?4, problem_time = ?5 WHERE campaign = ?1 AND agent = ?2 AND profile = ?3")
                .Bind(1, campaign).Bind(2, agent).Bind(3, change.Profile).Bind(4, change.Problem).Bind(5, change.Time));
        }

        return null;
    }

    private long? CampaignIdOf(string name) => FindId(session.Prepared("SELECT id FROM campaigns WHERE name = ?1").Bind(1, name));
}
