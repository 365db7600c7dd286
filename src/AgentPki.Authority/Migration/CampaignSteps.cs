using System.Collections.Immutable;
using System.Globalization;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Store;
using AgentPki.Ledger;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Migration;

/// <summary>
/// One round of one campaign: what can be done now is done, step by step, each a commit with its entry that finds the members where it expects them. Nothing is
/// remembered between rounds: a round that was cut off anywhere is simply held again.
/// </summary>
internal sealed class CampaignSteps(
    CampaignPlanner planner, ICampaignStore store, ICertificateStore certificates, CommitWriter commits, AuthorityMetrics metrics, TimeProvider time, ILogger<CampaignSteps> logger)
{
    private const int Chunk = 500;
    private const int RetiredAtOnce = 100;
    private const int MostCertificates = 10_000;
    private static readonly ImmutableArray<MemberState> HasTarget = [MemberState.Issued, MemberState.InUse, MemberState.Retired];

    /// <summary>Takes in who is selected and not in it yet, and who had left and is back.</summary>
    public async ValueTask<int> EnlistAsync(CampaignRecord campaign, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var members = (await store.ListMembersAsync(new MemberQuery(campaign.Name, null), int.MaxValue, cancellationToken)).ToDictionary(m => (m.AgentId, m.Profile));
        var changes = new List<(CampaignMember Member, StoreChange Change)>();
        foreach (var holder in (await planner.SelectAsync(campaign, now, cancellationToken)).DistinctBy(h => (h.AgentId, h.Profile)))
        {
            if (!members.TryGetValue((holder.AgentId, holder.Profile), out var member))
            {
                var position = CampaignShare.PositionOf(campaign.Name, holder.AgentId);
                member = new CampaignMember(campaign.Name, holder.AgentId, holder.Owner, holder.Profile, position, MemberState.Selected, now, null, null);
                changes.Add((member, new StoreChange.AddMember(campaign.Name, holder.AgentId, holder.Profile, position, now)));
            }
            else if (member.State == MemberState.Left)
            {
                changes.Add((member, Move(member, MemberState.Left, MemberState.Selected, now)));
            }
        }

        var enlisted = 0;
        foreach (var chunk in changes.Chunk(Chunk))
        {
            // Somebody whom another campaign took since the plan stays with that one: those of the chunk are tried one by one.
            if (await CommitAsync(campaign, "Selected", [.. chunk.Select(c => c.Member)], [.. chunk.Select(c => c.Change)]))
            {
                enlisted += chunk.Length;
                continue;
            }

            foreach (var (member, change) in chunk)
            {
                enlisted += await CommitAsync(campaign, "Selected", [member], [change]) ? 1 : 0;
            }
        }

        return enlisted;
    }

    /// <summary>Everything else of a round; true when nothing is left to wait for.</summary>
    public async ValueTask<bool> AdvanceAsync(CampaignRecord campaign, CancellationToken cancellationToken)
    {
        await ReleaseDepartedAsync(campaign, cancellationToken);
        await TurnBackAsync(campaign, cancellationToken);
        if (campaign.State == CampaignState.Running)
        {
            await MoveAllAsync(campaign, new MemberQuery(campaign.Name, MemberState.Selected, PositionBelow: campaign.Share), MemberState.Switched, cancellationToken);
            await RetireAsync(campaign, MemberState.InUse, MemberState.Retired, CampaignRules.IsOld, CampaignRules.IsTarget, cancellationToken);
        }

        await RetireAsync(campaign, MemberState.Returned, Beyond(campaign), CampaignRules.IsTarget, CampaignRules.IsOrigin, cancellationToken);
        return await IsOverAsync(campaign, cancellationToken);
    }

    // Where whoever does not belong to the share (any more) ends up.
    private static MemberState Beyond(CampaignRecord campaign) => campaign.State == CampaignState.RollingBack ? MemberState.RolledBack : MemberState.Selected;

    private async ValueTask<bool> IsOverAsync(CampaignRecord campaign, CancellationToken cancellationToken)
    {
        var counts = (await store.CountMembersAsync(campaign.Name, time.GetUtcNow(), cancellationToken)).ToDictionary(c => c.State, c => c.Members);
        bool Nobody(params ReadOnlySpan<MemberState> states)
        {
            foreach (var state in states)
            {
                if (counts.GetValueOrDefault(state) > 0)
                {
                    return false;
                }
            }

            return true;
        }

        return campaign.State switch
        {
            CampaignState.RollingBack => Nobody(MemberState.Selected, MemberState.Switched, MemberState.Issued, MemberState.InUse, MemberState.Retired, MemberState.Returning, MemberState.Returned),
            CampaignState.Running => campaign.Share == CampaignRecord.Whole && Nobody(MemberState.Selected, MemberState.Switched, MemberState.Issued, MemberState.InUse, MemberState.Returning, MemberState.Returned),
            _ => false,
        };
    }

    private async ValueTask ReleaseDepartedAsync(CampaignRecord campaign, CancellationToken cancellationToken)
    {
        while (await store.ListDepartedAsync(campaign.Name, time.GetUtcNow(), Chunk, cancellationToken) is { Count: > 0 } departed
            && await CommitAsync(campaign, "Left", departed, [.. departed.Select(m => Move(m, m.State, MemberState.Left, time.GetUtcNow()))]))
        {
        }
    }

    // Members that the share does not cover: those that have nothing new yet are back at once, the others are asked to return.
    private async ValueTask TurnBackAsync(CampaignRecord campaign, CancellationToken cancellationToken)
    {
        var from = campaign.State == CampaignState.RollingBack ? 0 : campaign.Share;
        if (from < CampaignRecord.Whole)
        {
            await MoveAllAsync(campaign, new MemberQuery(campaign.Name, MemberState.Switched, from), Beyond(campaign), cancellationToken);
            foreach (var state in HasTarget)
            {
                await MoveAllAsync(campaign, new MemberQuery(campaign.Name, state, from), MemberState.Returning, cancellationToken);
            }
        }

        if (campaign.State == CampaignState.RollingBack)
        {
            await MoveAllAsync(campaign, new MemberQuery(campaign.Name, MemberState.Selected), MemberState.RolledBack, cancellationToken);
            await MoveAllAsync(campaign, new MemberQuery(campaign.Name, MemberState.Left), MemberState.RolledBack, cancellationToken);
        }
    }

    private async ValueTask MoveAllAsync(CampaignRecord campaign, MemberQuery query, MemberState to, CancellationToken cancellationToken)
    {
        while (await store.ListMembersAsync(query, Chunk, cancellationToken) is { Count: > 0 } members
            && await CommitAsync(campaign, to.ToString(), members, [.. members.Select(m => Move(m, m.State, to, time.GetUtcNow()))]))
        {
        }
    }

    /// <summary>Takes certificates away from members that have what replaces them in use, once the grace is over; nobody is left without one.</summary>
    private async ValueTask RetireAsync(
        CampaignRecord campaign,
        MemberState from,
        MemberState to,
        Func<CampaignRecord, CampaignMember, CertificateRecord, bool> goes,
        Func<CampaignRecord, CampaignMember, CertificateRecord, bool> stays,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var due = await store.ListMembersAsync(new MemberQuery(campaign.Name, from, SinceUntil: campaign.Retirement == Retirement.Revoke ? now - campaign.Grace : null), int.MaxValue, cancellationToken);
        foreach (var chunk in due.Chunk(RetiredAtOnce))
        {
            var (retired, revoked) = (new List<CampaignMember>(), new List<CertificateRecord>());
            var changes = ImmutableArray.CreateBuilder<StoreChange>();
            foreach (var member in chunk)
            {
                var live = (await certificates.ListByAgentAsync(member.AgentId, MostCertificates, cancellationToken)).Where(c => c.Status is CertificateStatus.Good && c.Certificate.NotAfter > now).Select(c => c.Certificate).ToList();
                var old = live.Where(c => goes(campaign, member, c)).ToList();
                if (!live.Exists(c => stays(campaign, member, c)) || (campaign.Retirement == Retirement.Lapse && old.Count > 0))
                {
                    continue;
                }

                retired.Add(member);
                revoked.AddRange(old);
                changes.AddRange(old.Select(c => new StoreChange.RevokeCertificate(c.Authority, c.Serial, now, RevocationReason.Superseded)));
                changes.Add(Move(member, from, to, now));
            }

            if (retired.Count > 0 && await CommitAsync(campaign, RetirementEntry(campaign, to, retired, revoked, now), to.ToString(), retired.Count, changes.ToImmutable()))
            {
                metrics.Revoked(revoked.Count);
            }
        }
    }

    private static LedgerEntry RetirementEntry(CampaignRecord campaign, MemberState to, List<CampaignMember> retired, List<CertificateRecord> revoked, DateTimeOffset now) => revoked.Count == 0
        ? CampaignEntries.Advanced(campaign.Name, to.ToString(), retired, AuditTrail.Appliance, "nothing was left to revoke", now)
        : new LedgerEntry(LedgerEntryKind.CertificateRevoked, now, AuditTrail.Appliance, AuditDetails.Of(
            (AuditDetails.Reason, nameof(RevocationReason.Superseded)),
            (AuditDetails.CertificateCount, revoked.Count.ToString(CultureInfo.InvariantCulture)),
            (LedgerFacts.Authority, revoked.Count == 1 ? revoked[0].Authority : null),
            (LedgerFacts.Serial, revoked.Count == 1 ? AuditDetails.Hex(revoked[0].Serial) : null),
            (AuditDetails.Digest, revoked.Count > 1 ? CampaignEntries.DigestOf(revoked) : null),
            (AuditDetails.Campaign, campaign.Name),
            (AuditDetails.State, to.ToString()),
            (AuditDetails.Agents, retired.Count.ToString(CultureInfo.InvariantCulture)),
            (AuditDetails.Agent, retired is [var only] ? only.AgentId : null),
            (AuditDetails.Protocol, "migration")));

    private static StoreChange.MoveMember Move(CampaignMember member, MemberState from, MemberState to, DateTimeOffset now) => new(member.Campaign, member.AgentId, member.Profile, [from], to, now);

    private ValueTask<bool> CommitAsync(CampaignRecord campaign, string state, IReadOnlyList<CampaignMember> members, ImmutableArray<StoreChange> changes) =>
        CommitAsync(campaign, CampaignEntries.Advanced(campaign.Name, state, members, AuditTrail.Appliance, null, time.GetUtcNow()), state, members.Count, changes);

    // A conflict means that a member moved by itself at this moment (it enrolled, it was seen): the next round finds it there.
    private async ValueTask<bool> CommitAsync(CampaignRecord campaign, LedgerEntry entry, string state, int count, ImmutableArray<StoreChange> changes)
    {
        if (await commits.CommitAsync(new CommitRequest(entry, changes), CancellationToken.None) is CommitOutcome.Conflict conflict)
        {
            Log.StepConflict(logger, campaign.Name, conflict.Reason);
            return false;
        }

        Log.Advanced(logger, campaign.Name, count, state);
        return true;
    }
}
