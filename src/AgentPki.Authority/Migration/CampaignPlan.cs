using System.Collections.Immutable;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Migration;

/// <summary>A campaign as it is asked for.</summary>
/// <param name="Name">Null: one is made of target and day.</param>
/// <param name="Share">In hundredths of a percent, 1 to 10,000.</param>
public sealed record CampaignDraft(
    string? Name,
    CampaignSelector Selector,
    CampaignTarget Target,
    int Share = CampaignRecord.Whole,
    Retirement Retirement = Retirement.Revoke,
    TimeSpan? Grace = null,
    TimeSpan? Patience = null)
{
    public static readonly TimeSpan DefaultGrace = TimeSpan.FromHours(24);

    public static readonly TimeSpan DefaultPatience = TimeSpan.FromDays(3);
}

/// <summary>One kind of certificates that would change.</summary>
/// <param name="Agents">That hold them.</param>
/// <param name="To">What each agent's next enrolment would be.</param>
public sealed record CampaignPlanLine(string Profile, KeyAlgorithm? From, string To, string Issuer, int Agents, int Certificates);

/// <summary>What a campaign would do; nothing was changed.</summary>
/// <param name="Agents">Selected.</param>
/// <param name="Switched">Of these, those that the share covers.</param>
/// <param name="Owners">Agents by owner, the most first.</param>
/// <param name="Deadline">By then the last selected agent must have come: its certificates end.</param>
/// <param name="PerMinute">Enrolments a minute if they come evenly until then.</param>
/// <param name="Octets">What the new certificates and their entries add to the store, roughly.</param>
/// <param name="Sample">Some of the agents that the share covers.</param>
/// <param name="Warnings">What should be known before.</param>
/// <param name="Obstacles">Why it cannot start.</param>
public sealed record CampaignPlan(
    CampaignRecord Campaign,
    int Agents,
    int Switched,
    int Certificates,
    ImmutableArray<CampaignPlanLine> Lines,
    ImmutableArray<KeyValuePair<string, int>> Owners,
    DateTimeOffset? Deadline,
    double PerMinute,
    long Octets,
    ImmutableArray<string> Sample,
    ImmutableArray<string> Warnings,
    ImmutableArray<string> Obstacles);

/// <summary>A campaign with its numbers.</summary>
/// <param name="Failed">Members that were asked to change and whose last attempt was refused.</param>
/// <param name="Stuck">Members that have been waited for longer than the campaign's patience, without a refusal.</param>
public sealed record CampaignProgress(CampaignRecord Campaign, ImmutableSortedDictionary<MemberState, int> Members, int Failed, int Stuck)
{
    public int Total => Members.Values.Sum();

    public int Of(params ReadOnlySpan<MemberState> states)
    {
        var sum = 0;
        foreach (var state in states)
        {
            sum += Members.GetValueOrDefault(state);
        }

        return sum;
    }
}

/// <summary>A member that does not get on, and why.</summary>
public sealed record StuckMember(CampaignMember Member, bool Failed, string Reason);

/// <summary>What a command did to a campaign.</summary>
/// <param name="Remarks">What follows from it, and what it cannot undo.</param>
public sealed record CampaignChange(CampaignProgress Progress, ImmutableArray<string> Remarks);
