using System.Collections.Immutable;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;

namespace AgentPki.Authority.Migration;

/// <summary>The places of one agent in the campaigns, oldest campaign first: a later campaign begins where an earlier one ended.</summary>
internal sealed class CampaignSeats(CampaignDirectory? directory, ImmutableArray<CampaignRecord> campaigns, IReadOnlyList<CampaignMember> members)
{
    /// <summary>Of an agent that no campaign has.</summary>
    public static readonly CampaignSeats None = new(null, [], []);

    /// <summary>What a profile is for this agent.</summary>
    public CampaignSeat Resolve(CertificateProfile profile)
    {
        var seat = new CampaignSeat(profile, null, null);
        foreach (var campaign in campaigns)
        {
            if (directory is null || members.FirstOrDefault(m => m.Campaign == campaign.Name && (m.Profile == seat.Profile.Name || campaign.Target.Profile == seat.Profile.Name)) is not { } member)
            {
                continue;
            }

            if (CampaignRules.IsTargeted(campaign, member))
            {
                seat = new CampaignSeat(directory.TargetOf(campaign, seat.Profile), campaign, member);
            }
            else if (CampaignRules.IsReturning(member) || seat.Profile.Name != member.Profile)
            {
                seat = new CampaignSeat(directory.OriginOf(campaign, member, seat.Profile), campaign, member);
            }
        }

        return seat;
    }
}

/// <summary>What one agent's enrolment for a profile comes to.</summary>
/// <param name="Profile">What is issued.</param>
/// <param name="Campaign">The campaign that says so; null: none does.</param>
internal sealed record CampaignSeat(CertificateProfile Profile, CampaignRecord? Campaign, CampaignMember? Member)
{
    /// <summary>It may come before its renewal window, for it is asked to.</summary>
    public bool IsAskedToChange => Member is not null && CampaignRules.IsAskedToChange(Member);

    /// <summary>Or it was asked, and still comes with what it had: the answer with its new certificate never reached it.</summary>
    public bool IsAskedToChangeFrom(CertificateRecord held) =>
        IsAskedToChange || (Campaign is { } campaign && Member is { State: MemberState.Issued } member && !CampaignRules.IsTarget(campaign, member, held));

    /// <summary>Added to a refusal about the kind of key.</summary>
    public string Remark => (Campaign, Member) switch
    {
        ({ } campaign, { } member) when CampaignRules.IsReturning(member) => $"; campaign '{campaign.Name}' was rolled back for this agent, csrattrs says what to use",
        ({ } campaign, _) => $"; campaign '{campaign.Name}' moves this agent to {CampaignText.Describe(campaign.Target)}, csrattrs says what to use",
        _ => "",
    };

    /// <summary>What comes true with the certificate.</summary>
    public CampaignStep? StepAt(DateTimeOffset now) => (Campaign, Member) switch
    {
        ({ } campaign, { State: MemberState.Switched or MemberState.Left } member) => new CampaignStep(
            campaign.Name, new StoreChange.MoveMember(campaign.Name, member.AgentId, member.Profile, [MemberState.Switched, MemberState.Left], MemberState.Issued, now)),
        ({ } campaign, _) => new CampaignStep(campaign.Name, null),
        _ => null,
    };

    /// <summary>What a refusal leaves at the member that was asked to change; null when it was not.</summary>
    public StoreChange? NoteOf(PkiProblem problem, DateTimeOffset now) => Campaign is { IsOpen: true } campaign && Member is { } member && IsAskedToChange
        ? new StoreChange.NoteMember(campaign.Name, member.AgentId, member.Profile, $"{problem.Kind}: {problem.Detail}", now)
        : null;
}
