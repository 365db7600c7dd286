using System.Collections.Concurrent;
using System.Collections.Immutable;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;

namespace AgentPki.Authority.Migration;

/// <summary>
/// The campaigns in force, in memory, as of their last change: without one, an enrolment asks the store nothing. Profiles that a campaign narrows are made
/// once each, so that what is kept by profile (extensions, csrattrs) stays kept.
/// </summary>
internal sealed class CampaignDirectory(ProfileCatalog profiles, ICampaignStore store)
{
    private readonly ConcurrentDictionary<(string Profile, string Keys), CertificateProfile> _narrowed = new();
    private volatile Loaded _loaded = new([]);

    /// <summary>Oldest first.</summary>
    public ImmutableArray<CampaignRecord> InForce => _loaded.Campaigns;

    public bool AnyOpen => _loaded.AnyOpen;

    /// <summary>Kinds of keys that some campaign asks for, beside what the profiles take.</summary>
    public ImmutableArray<KeyAlgorithm> Targets => _loaded.Targets;

    /// <summary>Reads the campaigns again: at start and after each change.</summary>
    public async ValueTask ReloadAsync(CancellationToken cancellationToken) =>
        _loaded = new Loaded([.. (await store.ListAsync(cancellationToken)).Where(c => c.IsInForce)]);

    /// <summary>What an agent is in the campaigns.</summary>
    public async ValueTask<CampaignSeats> SeatsOfAsync(string agentId, CancellationToken cancellationToken) =>
        InForce is { IsEmpty: false } campaigns ? new CampaignSeats(this, campaigns, await store.FindMembersAsync(agentId, cancellationToken)) : CampaignSeats.None;

    /// <summary>
    /// What a first enrolment may be: the target alone once a campaign covers everybody; before that both, in the order in which its share would have it.
    /// </summary>
    /// <param name="who">The agent, or the credential where no agent is known yet.</param>
    public CertificateProfile ForNewcomer(CertificateProfile profile, string owner, string who)
    {
        foreach (var campaign in InForce)
        {
            if (campaign.State == CampaignState.RollingBack || !campaign.Selector.Matches(owner, profile.Name))
            {
                continue;
            }

            if (campaign.Share == CampaignRecord.Whole)
            {
                profile = TargetOf(campaign, profile);
            }
            else if (campaign.Target is { Key: { } key, Profile: null })
            {
                profile = Narrow(profile, CampaignShare.PositionOf(campaign.Name, who) < campaign.Share ? [new(key), .. Without(profile, key)] : [.. Without(profile, key), new(key)]);
            }
        }

        return profile;
    }

    /// <summary>The profile of a campaign's target for certificates of that profile.</summary>
    public CertificateProfile TargetOf(CampaignRecord campaign, CertificateProfile profile)
    {
        var wanted = campaign.Target.Profile is { } name ? profiles.Find(name) ?? profile : profile;
        return campaign.Target.Key is { } key ? Narrow(wanted, [new(key)]) : wanted;
    }

    /// <summary>The profile that a member goes back to: its own, without the kind of key that is rolled back.</summary>
    public CertificateProfile OriginOf(CampaignRecord campaign, CampaignMember member, CertificateProfile profile)
    {
        var own = profile.Name == member.Profile ? profile : profiles.Find(member.Profile) ?? profile;
        return campaign.Target is { Key: { } key, Profile: null } && Without(own, key) is { IsEmpty: false } rest ? Narrow(own, rest) : own;
    }

    private static ImmutableArray<KeyKind> Without(CertificateProfile profile, KeyAlgorithm key) => profile.Keys.Remove(new KeyKind(key));

    private CertificateProfile Narrow(CertificateProfile profile, ImmutableArray<KeyKind> keys) => keys.SequenceEqual(profile.Keys)
        ? profile
        : _narrowed.GetOrAdd((profile.Name, string.Join(' ', keys)), static (_, made) => made.Profile with { Keys = made.Keys }, (Profile: profile, Keys: keys));

    private sealed class Loaded(ImmutableArray<CampaignRecord> campaigns)
    {
        public ImmutableArray<CampaignRecord> Campaigns { get; } = campaigns;

        public bool AnyOpen { get; } = campaigns.Any(c => c.IsOpen);

        public ImmutableArray<KeyAlgorithm> Targets { get; } = [.. campaigns.Select(c => c.Target.Key).OfType<KeyAlgorithm>().Distinct()];
    }
}
