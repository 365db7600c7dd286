using System.Text.Json.Serialization;
using AgentPki.Authority.Store;

namespace AgentPki.Protocols.Admin;

/// <summary>A campaign with its numbers.</summary>
/// <param name="From">Kinds of keys that are selected; empty: any. Likewise owners and profiles.</param>
/// <param name="Target">What agents are moved to, in words.</param>
/// <param name="Share">Percent.</param>
/// <param name="Grace">Seconds.</param>
/// <param name="Patience">Seconds.</param>
/// <param name="Agents">All members; the states below add up to it.</param>
/// <param name="Failed">Members asked to change whose last attempt was refused.</param>
/// <param name="Stuck">Members waited for longer than the patience, without a refusal.</param>
/// <param name="Waiting">Some of those that failed or are stuck; only where one campaign was asked for.</param>
public sealed record CampaignView(
    string Name,
    CampaignState State,
    IReadOnlyList<string> From,
    IReadOnlyList<string> Owners,
    IReadOnlyList<string> Profiles,
    string Target,
    double Share,
    Retirement Retirement,
    long Grace,
    long Patience,
    string CreatedBy,
    DateTimeOffset Created,
    DateTimeOffset? Ended,
    int Agents,
    int Selected,
    int Switched,
    int Issued,
    int InUse,
    int Retired,
    int Returning,
    int Returned,
    int RolledBack,
    int Left,
    int Failed,
    int Stuck,
    IReadOnlyList<CampaignMemberView>? Waiting);

public sealed record CampaignsView(IReadOnlyList<CampaignView> Campaigns);

/// <summary>An agent in a campaign.</summary>
/// <param name="Reason">Why it does not get on; null when nothing is known against it.</param>
public sealed record CampaignMemberView(string Agent, string Owner, string Profile, MemberState State, DateTimeOffset Since, bool Failed, string? Reason);

public sealed record CampaignMembersView(IReadOnlyList<CampaignMemberView> Members);

/// <summary>One kind of certificates that would change.</summary>
public sealed record CampaignPlanLineView(string Profile, string? From, string To, string Issuer, int Agents, int Certificates);

/// <summary>A dry run.</summary>
/// <param name="Switched">Agents that the share covers.</param>
/// <param name="Owners">Agents by owner.</param>
/// <param name="Deadline">By then the last agent must have come: its certificates end.</param>
/// <param name="PerMinute">Enrolments a minute if they come evenly until then.</param>
/// <param name="Octets">What it adds to the store, roughly.</param>
/// <param name="Sample">Some agents that the share covers.</param>
/// <param name="Obstacles">Why it cannot start; empty: it can.</param>
public sealed record CampaignPlanView(
    string Name,
    string Target,
    double Share,
    int Agents,
    int Switched,
    int Certificates,
    IReadOnlyList<CampaignPlanLineView> Lines,
    IReadOnlyDictionary<string, int> Owners,
    DateTimeOffset? Deadline,
    double PerMinute,
    long Octets,
    IReadOnlyList<string> Sample,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Obstacles);

/// <summary>What a command did.</summary>
/// <param name="Remarks">What follows from it, and what it cannot undo.</param>
public sealed record CampaignChangeView(CampaignView Campaign, IReadOnlyList<string> Remarks);

/// <summary>A campaign to plan or to start.</summary>
/// <param name="Name">Null: one is made.</param>
/// <param name="From">Kinds of keys to select; null or empty: any.</param>
/// <param name="Owners">Null or empty: any.</param>
/// <param name="Profiles">Null or empty: any.</param>
/// <param name="To">The kind of key to move to; null: what the target profile takes.</param>
/// <param name="ToProfile">The profile to move to; null: each certificate's own.</param>
/// <param name="Share">Percent of the selected agents that are switched, with at most two decimals.</param>
/// <param name="Grace">Seconds that old certificates stay good after the new one was seen in use; null: a day.</param>
/// <param name="Patience">Seconds after which a member counts as stuck; null: three days.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CampaignCommand(
    string? Name = null,
    IReadOnlyList<string>? From = null,
    IReadOnlyList<string>? Owners = null,
    IReadOnlyList<string>? Profiles = null,
    string? To = null,
    string? ToProfile = null,
    double Share = 100,
    Retirement Retirement = Retirement.Revoke,
    long? Grace = null,
    long? Patience = null);

/// <param name="Share">Percent.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CampaignShareCommand(double Share);
