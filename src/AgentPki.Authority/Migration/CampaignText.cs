using AgentPki.Authority.Store;

namespace AgentPki.Authority.Migration;

/// <summary>Campaigns in words.</summary>
public static class CampaignText
{
    /// <summary>For people: <c>ml-dsa-65</c>, <c>profile agent-pq</c>, <c>ml-dsa-65 under profile agent-pq</c>.</summary>
    public static string Describe(CampaignTarget target) => target switch
    {
        { Key: { } key, Profile: null } => key.Name,
        { Key: { } key, Profile: { } profile } => $"{key.Name} under profile {profile}",
        _ => $"profile {target.Profile}",
    };
}
