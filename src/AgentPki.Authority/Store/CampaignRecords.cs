using AgentPki.Cryptography;

namespace AgentPki.Authority.Store;

/// <summary>Where a campaign stands. The numbers are the store's.</summary>
public enum CampaignState : byte
{
    Running = 0,

    /// <summary>Nothing is switched or retired; what was switched stays so.</summary>
    Paused = 1,

    /// <summary>Every member goes back to what it had.</summary>
    RollingBack = 2,

    /// <summary>Every member has moved. It stays in force: nobody falls back to the old algorithm.</summary>
    Completed = 3,

    RolledBack = 4,
}

/// <summary>Where one agent stands in a campaign. The numbers are the store's.</summary>
public enum MemberState : byte
{
    /// <summary>Counted in; it keeps what it has.</summary>
    Selected = 0,

    /// <summary>Its next enrolment is for the target.</summary>
    Switched = 1,

    /// <summary>It has a certificate of the target, beside its old ones.</summary>
    Issued = 2,

    /// <summary>It has proved the new certificate's key to the appliance.</summary>
    InUse = 3,

    /// <summary>Its old certificates are revoked or have ended.</summary>
    Retired = 4,

    /// <summary>Rolled back: its next enrolment is for what it had before.</summary>
    Returning = 5,

    /// <summary>Rolled back, and an old certificate is in use again.</summary>
    Returned = 6,

    RolledBack = 7,

    /// <summary>Nothing is left to move: the agent is not active, or all its certificates have ended.</summary>
    Left = 8,
}

/// <summary>What becomes of old certificates once the new one is in use.</summary>
public enum Retirement : byte
{
    /// <summary>Revoked as superseded (RFC 5280 §5.3.1) after the campaign's grace.</summary>
    Revoke = 0,

    /// <summary>Left to end by themselves.</summary>
    Lapse = 1,
}

/// <summary>Which agents: those with a live certificate that fits every list which is not empty.</summary>
public sealed record CampaignSelector(IReadOnlyList<KeyAlgorithm> Algorithms, IReadOnlyList<string> Owners, IReadOnlyList<string> Profiles)
{
    public bool Matches(string owner, string profile) => (Owners.Count == 0 || Owners.Contains(owner)) && (Profiles.Count == 0 || Profiles.Contains(profile));

    public bool Matches(KeyAlgorithm? algorithm) => Algorithms.Count == 0 || (algorithm is not null && Algorithms.Contains(algorithm));
}

/// <summary>Where to: another profile, or the same profile with one kind of key only, or both.</summary>
/// <param name="Key">Null: the kinds that the profile takes.</param>
/// <param name="Profile">Null: the profile that each certificate has.</param>
public sealed record CampaignTarget(KeyAlgorithm? Key, string? Profile);

/// <summary>A move of many agents to another algorithm or profile.</summary>
/// <param name="Name">1 to 64 of <c>[a-z0-9-]</c>.</param>
/// <param name="Share">How many of the members are switched, in hundredths of a percent.</param>
/// <param name="Grace">How long old certificates stay good after the new one was seen in use.</param>
/// <param name="Patience">After how long in one state a member counts as stuck.</param>
public sealed record CampaignRecord(
    string Name,
    CampaignSelector Selector,
    CampaignTarget Target,
    int Share,
    Retirement Retirement,
    TimeSpan Grace,
    TimeSpan Patience,
    CampaignState State,
    string CreatedBy,
    DateTimeOffset Created,
    DateTimeOffset? Ended)
{
    /// <summary>The whole: 100 %.</summary>
    public const int Whole = 10_000;

    /// <summary>Whether it still moves agents; no agent is in two such campaigns.</summary>
    public bool IsOpen => State is CampaignState.Running or CampaignState.Paused or CampaignState.RollingBack;

    /// <summary>Whether it says anything about enrolments.</summary>
    public bool IsInForce => State != CampaignState.RolledBack;
}

/// <summary>One agent's certificates of one profile in a campaign.</summary>
/// <param name="Profile">The profile its certificates had when it was selected.</param>
/// <param name="Position">0 to 9999: it is switched when the share is above.</param>
/// <param name="Since">When it came into this state.</param>
/// <param name="Problem">Why its last attempt failed; null when none did.</param>
public sealed record CampaignMember(
    string Campaign, string AgentId, string Owner, string Profile, int Position, MemberState State, DateTimeOffset Since, string? Problem, DateTimeOffset? ProblemTime);

/// <summary>How many members are in one state.</summary>
/// <param name="Failed">Of these, those whose last attempt failed.</param>
/// <param name="Waiting">Of these, those that have been in it since before the given time.</param>
public sealed record MemberCount(MemberState State, int Members, int Failed, int Waiting);

/// <summary>Which members are asked for. What is null is not asked.</summary>
/// <param name="PositionFrom">Inclusive.</param>
/// <param name="PositionBelow">Exclusive.</param>
/// <param name="SinceUntil">In their state since then or before.</param>
public sealed record MemberQuery(string Campaign, MemberState? State, int PositionFrom = 0, int PositionBelow = CampaignRecord.Whole, DateTimeOffset? SinceUntil = null, bool FailedOnly = false);

/// <summary>The live certificates (not ended, not revoked) that an active agent has of one profile and one kind of key.</summary>
/// <param name="Certificates">How many.</param>
/// <param name="Keys">Different keys among them: fewer than certificates means that its client renews with the same key.</param>
/// <param name="LastEnd">The latest notAfter.</param>
public sealed record CertificateHolder(string AgentId, string Owner, string Profile, KeyAlgorithm? Algorithm, int Certificates, int Keys, DateTimeOffset LastEnd);
