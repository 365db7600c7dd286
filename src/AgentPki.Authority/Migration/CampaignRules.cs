using AgentPki.Authority.Store;

namespace AgentPki.Authority.Migration;

/// <summary>Which certificates of a member are what the campaign wants, and which are what it had before.</summary>
internal static class CampaignRules
{
    /// <summary>What the campaign moves agents to.</summary>
    public static bool IsTarget(CampaignRecord campaign, CampaignMember member, CertificateRecord certificate) =>
        certificate.Profile == (campaign.Target.Profile ?? member.Profile) && (campaign.Target.Key is not { } key || certificate.KeyAlgorithm == key);

    /// <summary>What it moves them away from: what was selected, and nothing else that the agent has.</summary>
    public static bool IsOld(CampaignRecord campaign, CampaignMember member, CertificateRecord certificate) =>
        certificate.Profile == member.Profile && !IsTarget(campaign, member, certificate) && campaign.Selector.Matches(certificate.KeyAlgorithm);

    /// <summary>What an agent may go back to: any certificate of its own profile that is not the target.</summary>
    public static bool IsOrigin(CampaignRecord campaign, CampaignMember member, CertificateRecord certificate) =>
        certificate.Profile == member.Profile && !IsTarget(campaign, member, certificate);

    /// <summary>Whether its enrolments are for the target.</summary>
    public static bool IsTargeted(CampaignRecord campaign, CampaignMember member) => member.State switch
    {
        MemberState.Switched or MemberState.Issued or MemberState.InUse or MemberState.Retired => true,
        MemberState.Left => campaign.State != CampaignState.RollingBack && member.Position < campaign.Share,
        _ => false,
    };

    /// <summary>Whether its next enrolment changes what it has, so that it need not wait for its renewal window.</summary>
    public static bool IsAskedToChange(CampaignMember member) => member.State is MemberState.Switched or MemberState.Left or MemberState.Returning;

    public static bool IsReturning(CampaignMember member) => member.State is MemberState.Returning or MemberState.Returned;
}
