using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using AgentPki.Authority.Issuance;
using AgentPki.Authority.Profiles;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.X509.Extensions;

namespace AgentPki.Authority.Migration;

/// <summary>The dry run: who would be moved, to what, how fast, and what stands in the way.</summary>
internal sealed class CampaignPlanner(ProfileCatalog profiles, IssuerDirectory issuers, ICampaignStore store, CampaignDirectory directory, CryptoProviders providers, TimeProvider time)
{
    private const int SampleSize = 10;
    private const int EntryOctets = 700;
    private const int CertificateOctets = 700;

    public async ValueTask<CampaignPlan> PlanAsync(CampaignDraft draft, string actor, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var campaign = new CampaignRecord(
            draft.Name ?? NameOf(draft.Target, now), draft.Selector, draft.Target, draft.Share, draft.Retirement,
            draft.Grace ?? CampaignDraft.DefaultGrace, draft.Patience ?? CampaignDraft.DefaultPatience, CampaignState.Running, actor, now, null);
        var obstacles = ImmutableArray.CreateBuilder<string>();
        obstacles.AddRange(WrongIn(campaign));
        var holders = obstacles.Count == 0 ? await SelectAsync(campaign, now, cancellationToken) : [];
        var warnings = ImmutableArray.CreateBuilder<string>();
        if (obstacles.Count == 0)
        {
            await ExamineAsync(campaign, holders, obstacles, warnings, cancellationToken);
        }

        var agents = holders.Select(h => h.AgentId).Distinct(StringComparer.Ordinal).ToList();
        var switched = agents.Where(a => CampaignShare.PositionOf(campaign.Name, a) < campaign.Share).ToList();
        var deadline = holders.Count > 0 ? holders.Max(h => h.LastEnd) : (DateTimeOffset?)null;
        return new CampaignPlan(
            campaign,
            agents.Count,
            switched.Count,
            holders.Sum(h => h.Certificates),
            [.. LinesOf(campaign, holders)],
            [.. holders.GroupBy(h => h.Owner).Select(g => KeyValuePair.Create(g.Key, g.Select(h => h.AgentId).Distinct(StringComparer.Ordinal).Count())).OrderByDescending(o => o.Value).ThenBy(o => o.Key, StringComparer.Ordinal)],
            deadline,
            deadline is { } end && end > now ? switched.Count / Math.Max(1, (end - now).TotalMinutes) : 0,
            OctetsOf(campaign, holders, switched.Count),
            [.. switched.Take(SampleSize)],
            warnings.ToImmutable(),
            obstacles.ToImmutable());
    }

    /// <summary>The holders of what a campaign selects, without those who have arrived.</summary>
    public async ValueTask<IReadOnlyList<CertificateHolder>> SelectAsync(CampaignRecord campaign, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var found = new List<CertificateHolder>();
        await foreach (var holder in store.ListHoldersAsync(now, cancellationToken))
        {
            if (campaign.Selector.Matches(holder.Owner, holder.Profile) && campaign.Selector.Matches(holder.Algorithm) && !HasArrived(campaign.Target, holder)
                && profiles.Find(holder.Profile) is { Use: ProfileUse.Agent })
            {
                found.Add(holder);
            }
        }

        return found;
    }

    private static bool HasArrived(CampaignTarget target, CertificateHolder holder) =>
        (target.Profile is null || target.Profile == holder.Profile) && (target.Key is null || target.Key == holder.Algorithm);

    private IEnumerable<string> WrongIn(CampaignRecord campaign)
    {
        var (selector, target) = (campaign.Selector, campaign.Target);
        if (campaign.Name.Length is 0 or > 64 || campaign.Name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            yield return "a campaign's name is 1 to 64 lower-case letters, digits and '-'";
        }

        if (campaign.Share is < 1 or > CampaignRecord.Whole)
        {
            yield return "the share is above 0 % and at most 100 %";
        }

        if (campaign.Grace < TimeSpan.Zero || campaign.Patience <= TimeSpan.Zero)
        {
            yield return "the grace is not negative and the patience positive";
        }

        foreach (var name in selector.Profiles.Append(target.Profile).OfType<string>().Where(name => profiles.Find(name) is not { Use: ProfileUse.Agent }))
        {
            yield return $"there is no profile '{name}' that agents enrol for";
        }

        if (target is { Key: null, Profile: null })
        {
            yield return "a campaign needs a target: a kind of key, a profile, or both";
        }

        if (target.Key is { CanSign: false } silent)
        {
            yield return $"{silent} keys sign nothing, so that a certificate over one cannot renew itself: choose a kind of key that signs";
        }
        else if (target.Key is { } key && providers.For(key, KeyCapabilities.Verify) is null)
        {
            yield return $"no provider of this appliance verifies {key} signatures: requests with such keys would be refused";
        }
    }

    private async ValueTask ExamineAsync(
        CampaignRecord campaign, IReadOnlyList<CertificateHolder> holders, ImmutableArray<string>.Builder obstacles, ImmutableArray<string>.Builder warnings, CancellationToken cancellationToken)
    {
        var known = await store.ListAsync(cancellationToken);
        if (known.Any(c => c.Name == campaign.Name))
        {
            obstacles.Add($"a campaign named '{campaign.Name}' exists already: choose another name, or raise its share with 'start {campaign.Name} --share'");
        }

        if (holders.Count == 0)
        {
            obstacles.Add("no live certificate of an active agent is selected");
            return;
        }

        var agents = holders.Select(h => h.AgentId).ToHashSet(StringComparer.Ordinal);
        foreach (var other in known.Where(c => c.IsOpen && c.Name != campaign.Name))
        {
            var shared = (await store.ListMembersAsync(new MemberQuery(other.Name, null), int.MaxValue, cancellationToken)).Count(m => agents.Contains(m.AgentId));
            if (shared > 0)
            {
                obstacles.Add($"campaign '{other.Name}' is not over and has {Agents(shared)} of this one: let it end or roll it back first, or select others");
            }
        }

        foreach (var profile in holders.Select(h => h.Profile).Distinct(StringComparer.Ordinal).Select(name => profiles.Find(name)).OfType<CertificateProfile>())
        {
            ExamineProfile(directory.TargetOf(campaign, profile), profile, campaign, obstacles, warnings);
        }

        ExamineClients(campaign, holders, warnings);
        var failedBefore = await FailedBeforeAsync(campaign, known, agents, cancellationToken);
        if (failedBefore > 0)
        {
            warnings.Add($"{Agents(failedBefore)} did not follow an earlier campaign to the same target: 'migrate status' of that campaign says why");
        }
    }

    private void ExamineProfile(CertificateProfile target, CertificateProfile source, CampaignRecord campaign, ImmutableArray<string>.Builder obstacles, ImmutableArray<string>.Builder warnings)
    {
        if (issuers.IssuerFor(target) is not { } issuer)
        {
            obstacles.Add($"profile '{target.Name}' is issued by CA '{target.Issuer}', which does not exist");
        }
        else if (target.Signature is { } signature && !signature.Fits(issuer.Certificate.PublicKey.Algorithm))
        {
            obstacles.Add($"profile '{target.Name}' wants {signature} signatures, which the {issuer.Certificate.PublicKey.Algorithm} key of CA '{issuer.Name}' cannot make");
        }
        else if (target.Keys[0].Key is { IsQuantumSafe: true } && !issuer.Certificate.PublicKey.Algorithm.IsQuantumSafe)
        {
            warnings.Add($"CA '{issuer.Name}' signs with {issuer.Signature}: {target.Keys[0]} certificates of profile '{target.Name}' will be only as strong as that; 'migrate ca' makes a successor");
        }

        const KeyUsages Encryption = KeyUsages.KeyEncipherment | KeyUsages.DataEncipherment | KeyUsages.KeyAgreement;
        if ((target.KeyUsage & Encryption) != 0 && target.Keys.Select(k => k.Key).FirstOrDefault(k => k.Family is not (AlgorithmFamily.Rsa or AlgorithmFamily.Ecdsa)) is { } signing)
        {
            obstacles.Add($"profile '{target.Name}' certifies keyUsage {target.KeyUsage & Encryption}, which a {signing} key cannot have (RFC 9881 §5): take it out of the profile or name another target profile");
        }

        if (campaign.Target.Key is { } key && !source.KeyAlgorithms.Contains(key))
        {
            warnings.Add($"profile '{source.Name}' does not list {key}: the campaign's agents get it all the same, others do not; list it first there when the campaign is complete");
        }
    }

    private static void ExamineClients(CampaignRecord campaign, IReadOnlyList<CertificateHolder> holders, ImmutableArray<string>.Builder warnings)
    {
        var sameKey = holders.Where(h => h.Keys < h.Certificates).Select(h => h.AgentId).Distinct(StringComparer.Ordinal).Count();
        if (sameKey > 0)
        {
            warnings.Add($"{Agents(sameKey)} renew with the same key: a client that makes no new keys by itself cannot follow");
        }

        if (campaign.Target.Key is { Composite: not null } composite)
        {
            warnings.Add($"no TLS library presents {composite} certificates yet: agents renew and confirm with full CMC, or enrol again with a credential");
        }
        else if (campaign.Target.Key is { Family: AlgorithmFamily.MlDsa } && !MLDsa.IsSupported)
        {
            warnings.Add("this host's OpenSSL accepts no ML-DSA client certificates (3.5 does): agents renew and confirm with full CMC, or enrol again with a credential");
        }
    }

    private async ValueTask<int> FailedBeforeAsync(CampaignRecord campaign, IReadOnlyList<CampaignRecord> known, HashSet<string> agents, CancellationToken cancellationToken)
    {
        var failed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var earlier in known.Where(c => c.Target == campaign.Target && c.Name != campaign.Name))
        {
            failed.UnionWith((await store.ListMembersAsync(new MemberQuery(earlier.Name, null, FailedOnly: true), int.MaxValue, cancellationToken)).Select(m => m.AgentId).Where(agents.Contains));
        }

        return failed.Count;
    }

    private IEnumerable<CampaignPlanLine> LinesOf(CampaignRecord campaign, IReadOnlyList<CertificateHolder> holders) =>
        holders.GroupBy(h => (h.Profile, h.Algorithm)).OrderBy(g => g.Key.Profile, StringComparer.Ordinal).ThenBy(g => g.Key.Algorithm?.Name, StringComparer.Ordinal).Select(g =>
        {
            var target = profiles.Find(g.Key.Profile) is { } source ? directory.TargetOf(campaign, source) : null;
            return new CampaignPlanLine(g.Key.Profile, g.Key.Algorithm, CampaignText.Describe(campaign.Target), target is null ? "" : issuers.IssuerFor(target)?.Name ?? target.Issuer, g.Count(), g.Sum(h => h.Certificates));
        });

    private long OctetsOf(CampaignRecord campaign, IReadOnlyList<CertificateHolder> holders, int switched)
    {
        if (holders.Count == 0 || profiles.Find(holders[0].Profile) is not { } source)
        {
            return 0;
        }

        var target = directory.TargetOf(campaign, source);
        var signature = issuers.IssuerFor(target)?.Certificate.PublicKey.Algorithm.SignatureSize ?? 0;
        return (long)switched * (CertificateOctets + EntryOctets + target.Keys[0].Key.PublicKeySize + signature);
    }

    private static string NameOf(CampaignTarget target, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{target.Key?.Name ?? target.Profile ?? "campaign"}-{now.UtcDateTime:yyyyMMdd-HHmm}");

    private static string Agents(int count) => count == 1 ? "1 agent" : $"{count} agents";
}
