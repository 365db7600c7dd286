using System.Collections.Immutable;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Commit;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using Microsoft.Extensions.Logging;

namespace AgentPki.Authority.Migration;

/// <summary>
/// Moves fleets: plans campaigns, starts them for a share, raises, pauses, resumes and rolls back, and holds their rounds. All state is the store's, all steps
/// are the ledger's; a killed appliance goes on where the last commit stands.
/// </summary>
public sealed class MigrationService : IDisposable
{
    private readonly CampaignDirectory _directory;
    private readonly CampaignPlanner _planner;
    private readonly CampaignSteps _steps;
    private readonly ICampaignStore _store;
    private readonly CommitWriter _commits;
    private readonly AuditTrail _audit;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _one = new(1, 1);
    private bool _hasRound;

    internal MigrationService(
        CampaignDirectory directory, CampaignPlanner planner, CampaignSteps steps, ICampaignStore store, CommitWriter commits, AuditTrail audit, TimeProvider time, ILogger<MigrationService> logger) =>
        (_directory, _planner, _steps, _store, _commits, _audit, _time, _logger) = (directory, planner, steps, store, commits, audit, time, logger);

    /// <summary>What a campaign would do. Changes nothing and is no entry.</summary>
    public ValueTask<CampaignPlan> PlanAsync(CampaignDraft draft, string actor, CancellationToken cancellationToken) => _planner.PlanAsync(draft, actor, cancellationToken);

    /// <summary>Starts a campaign: from its commit on, the share's agents are asked for the target.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot work now; what was begun goes on when it can.</exception>
    public async ValueTask<Outcome<CampaignChange>> StartAsync(CampaignDraft draft, string actor, string correlationId, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var plan = await _planner.PlanAsync(draft, actor, cancellationToken);
            if (!plan.Obstacles.IsEmpty)
            {
                return await RefuseAsync(PkiProblemKind.PolicyViolation, string.Join("; ", plan.Obstacles), actor, correlationId, cancellationToken);
            }

            var campaign = plan.Campaign;
            if (await _commits.CommitAsync(new CommitRequest(CampaignEntries.Started(campaign, correlationId, campaign.Created), [new StoreChange.AddCampaign(campaign)]), CancellationToken.None) is CommitOutcome.Conflict conflict)
            {
                return await RefuseAsync(PkiProblemKind.Conflict, conflict.Reason, actor, correlationId, cancellationToken);
            }

            await _directory.ReloadAsync(CancellationToken.None);
            await RoundAsync(campaign, enlist: true, cancellationToken);
            return await DoneAsync(campaign.Name, plan.Warnings, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Switches more: the share can be raised while a campaign runs. A lower one is a roll-back.</summary>
    public ValueTask<Outcome<CampaignChange>> EnlargeShareAsync(string name, int share, string actor, string correlationId, CancellationToken cancellationToken) =>
        ChangeAsync(name, actor, correlationId, campaign => campaign switch
        {
            { State: not CampaignState.Running } => $"campaign '{name}' is {Word(campaign.State)}: only a running one takes a greater share",
            _ when share is < 1 or > CampaignRecord.Whole => "the share is above 0 % and at most 100 %",
            _ when share < campaign.Share => $"campaign '{name}' has {CampaignShare.Text(campaign.Share)} already: 'rollback --share' makes it less",
            _ => null,
        }, _ => (CampaignState.Running, share), enlist: true, _ => [], cancellationToken);

    /// <summary>Holds on: nothing more is switched or retired. Agents that were switched may go on.</summary>
    public ValueTask<Outcome<CampaignChange>> PauseAsync(string name, string actor, string correlationId, CancellationToken cancellationToken) =>
        ChangeAsync(name, actor, correlationId, campaign => campaign.State == CampaignState.Running ? null : $"campaign '{name}' is {Word(campaign.State)}: only a running one can be paused",
            campaign => (CampaignState.Paused, campaign.Share), enlist: false, _ => ["Nothing more is switched or retired; agents that were switched already may still enrol for the target."], cancellationToken);

    public ValueTask<Outcome<CampaignChange>> ResumeAsync(string name, string actor, string correlationId, CancellationToken cancellationToken) =>
        ChangeAsync(name, actor, correlationId, campaign => campaign.State == CampaignState.Paused ? null : $"campaign '{name}' is {Word(campaign.State)}: only a paused one can be resumed",
            campaign => (CampaignState.Running, campaign.Share), enlist: true, _ => [], cancellationToken);

    /// <summary>
    /// Takes a campaign back, or that part of it which a smaller share does not cover. Nothing is revoked by it: members that have a new certificate are asked to
    /// enrol for what they had, and lose the new one only after the other was seen in use.
    /// </summary>
    /// <param name="share">0: all of it.</param>
    public ValueTask<Outcome<CampaignChange>> RollBackAsync(string name, int share, string actor, string correlationId, CancellationToken cancellationToken) =>
        ChangeAsync(name, actor, correlationId, campaign => campaign switch
        {
            { State: CampaignState.RollingBack or CampaignState.RolledBack } => $"campaign '{name}' is {Word(campaign.State)} already",
            _ when share < 0 || share > campaign.Share => $"campaign '{name}' has a share of {CampaignShare.Text(campaign.Share)}: roll back to less than that",
            _ when share > 0 && campaign.State == CampaignState.Completed => $"campaign '{name}' is complete: it is rolled back as a whole",
            _ => null,
        }, campaign => share == 0 ? (CampaignState.RollingBack, 0) : (campaign.State, share), enlist: false, before => RollBackRemarks(before, share), cancellationToken);

    /// <summary>All campaigns with their numbers, oldest first.</summary>
    public async ValueTask<IReadOnlyList<CampaignProgress>> ListAsync(CancellationToken cancellationToken)
    {
        var progress = new List<CampaignProgress>();
        foreach (var campaign in await _store.ListAsync(cancellationToken))
        {
            progress.Add(await ProgressAsync(campaign, cancellationToken));
        }

        return progress;
    }

    public async ValueTask<CampaignProgress?> FindAsync(string name, CancellationToken cancellationToken) =>
        await FindRecordAsync(name, cancellationToken) is { } campaign ? await ProgressAsync(campaign, cancellationToken) : null;

    /// <summary>Members of a campaign, of one state or of all.</summary>
    public ValueTask<IReadOnlyList<CampaignMember>> MembersAsync(string name, MemberState? state, int limit, CancellationToken cancellationToken) =>
        _store.ListMembersAsync(new MemberQuery(name, state), limit, cancellationToken);

    /// <summary>Members that do not get on: refused first, then those that have been waited for too long.</summary>
    public async ValueTask<IReadOnlyList<StuckMember>> StuckAsync(CampaignRecord campaign, int limit, CancellationToken cancellationToken)
    {
        var found = (await _store.ListMembersAsync(new MemberQuery(campaign.Name, null, FailedOnly: true), limit, cancellationToken))
            .Where(m => CampaignRules.IsAskedToChange(m)).Select(m => new StuckMember(m, true, m.Problem ?? "")).ToList();
        foreach (var state in Awaited)
        {
            var members = await _store.ListMembersAsync(new MemberQuery(campaign.Name, state, SinceUntil: _time.GetUtcNow() - campaign.Patience), limit, cancellationToken);
            found.AddRange(members.Where(m => m.Problem is null).Select(m => new StuckMember(m, false, WhyWaiting(m.State))));
        }

        return [.. found.Take(limit)];
    }

    /// <summary>Holds one round of every campaign that moves: called by the appliance's timer, and by whoever cannot wait for it.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot work now; the next round goes on.</exception>
    public async ValueTask AdvanceAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            foreach (var campaign in _directory.InForce.Where(c => c.State is CampaignState.Running or CampaignState.RollingBack))
            {
                // The first round after a start takes in whom a start that was cut off had not.
                await RoundAsync(campaign, enlist: !_hasRound && campaign.State == CampaignState.Running, cancellationToken);
            }

            _hasRound = true;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private static readonly ImmutableArray<MemberState> Awaited = [MemberState.Switched, MemberState.Issued, MemberState.Returning];

    private static string WhyWaiting(MemberState state) => state switch
    {
        MemberState.Switched => "it has not enrolled since it was switched",
        MemberState.Issued => "its new certificate was not seen in use: no request to this appliance was authenticated with it",
        _ => "it has not shown a certificate of the old kind since it was rolled back",
    };

    private static string Word(CampaignState state) => state switch
    {
        CampaignState.Running => "running",
        CampaignState.Paused => "paused",
        CampaignState.RollingBack => "being rolled back",
        CampaignState.Completed => "complete",
        CampaignState.RolledBack => "rolled back",
    };

    private static ImmutableArray<string> RollBackRemarks(CampaignProgress before, int share)
    {
        var remarks = ImmutableArray.CreateBuilder<string>();
        var withNew = before.Of(MemberState.Issued, MemberState.InUse, MemberState.Retired);
        if (withNew > 0)
        {
            remarks.Add($"{(share == 0 ? "" : "Of ")}{withNew} agents have a new certificate{(share == 0 ? "" : ": those beyond the share")} and are asked to enrol for what they had; their new certificates stay good until that is in use.");
        }

        if (before.Of(MemberState.Retired) > 0 && before.Campaign.Retirement == Retirement.Revoke)
        {
            remarks.Add($"This cannot be undone: {before.Of(MemberState.Retired)} agents' old certificates were revoked, and stay so; these agents get others.");
        }

        return remarks.ToImmutable();
    }

    private async ValueTask<Outcome<CampaignChange>> ChangeAsync(
        string name,
        string actor,
        string correlationId,
        Func<CampaignRecord, string?> whyNot,
        Func<CampaignRecord, (CampaignState State, int Share)> change,
        bool enlist,
        Func<CampaignProgress, ImmutableArray<string>> remarks,
        CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (await FindRecordAsync(name, cancellationToken) is not { } campaign)
            {
                return await RefuseAsync(PkiProblemKind.NotFound, "there is no campaign of that name", actor, correlationId, cancellationToken);
            }

            if (whyNot(campaign) is { } reason)
            {
                return await RefuseAsync(PkiProblemKind.Conflict, reason, actor, correlationId, cancellationToken);
            }

            if (campaign.State == CampaignState.Completed && await SuccessorOfAsync(campaign, cancellationToken) is { } later)
            {
                return await RefuseAsync(PkiProblemKind.Conflict, $"campaign '{later}' has moved agents of '{name}' on since: roll that one back first", actor, correlationId, cancellationToken);
            }

            var before = await ProgressAsync(campaign, cancellationToken);
            var (state, share) = change(campaign);
            if (await MoveAsync(campaign, state, share, actor, correlationId) is not { } moved)
            {
                return await RefuseAsync(PkiProblemKind.Conflict, $"campaign '{name}' changed at the same moment; try again", actor, correlationId, cancellationToken);
            }

            if (moved.State is CampaignState.Running or CampaignState.RollingBack)
            {
                await RoundAsync(moved, enlist, cancellationToken);
            }

            return await DoneAsync(name, remarks(before), cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    private async ValueTask RoundAsync(CampaignRecord campaign, bool enlist, CancellationToken cancellationToken)
    {
        if (enlist)
        {
            await _steps.EnlistAsync(campaign, cancellationToken);
        }

        if (!await _steps.AdvanceAsync(campaign, cancellationToken))
        {
            return;
        }

        // Before it is over: has somebody come since who should be in it?
        if (campaign.State == CampaignState.Running && await _steps.EnlistAsync(campaign, cancellationToken) > 0)
        {
            await _steps.AdvanceAsync(campaign, cancellationToken);
            return;
        }

        await MoveAsync(campaign, campaign.State == CampaignState.RollingBack ? CampaignState.RolledBack : CampaignState.Completed, campaign.Share, AuditTrail.Appliance, null);
    }

    private async ValueTask<CampaignRecord?> MoveAsync(CampaignRecord campaign, CampaignState to, int share, string actor, string? correlationId)
    {
        var now = _time.GetUtcNow();
        DateTimeOffset? ended = to is CampaignState.Completed or CampaignState.RolledBack ? now : null;
        var request = new CommitRequest(CampaignEntries.Changed(campaign, to, share, actor, correlationId, now), [new StoreChange.ChangeCampaign(campaign.Name, campaign.State, to, share, ended)]);
        if (await _commits.CommitAsync(request, CancellationToken.None) is CommitOutcome.Conflict)
        {
            return null;
        }

        await _directory.ReloadAsync(CancellationToken.None);
        Log.Changed(_logger, campaign.Name, to.ToString());
        return campaign with { State = to, Share = share, Ended = ended };
    }

    // A later campaign in force that has members of this one.
    private async ValueTask<string?> SuccessorOfAsync(CampaignRecord campaign, CancellationToken cancellationToken)
    {
        var agents = (await _store.ListMembersAsync(new MemberQuery(campaign.Name, null), int.MaxValue, cancellationToken)).Select(m => m.AgentId).ToHashSet(StringComparer.Ordinal);
        foreach (var later in _directory.InForce.SkipWhile(c => c.Name != campaign.Name).Skip(1))
        {
            if ((await _store.ListMembersAsync(new MemberQuery(later.Name, null), int.MaxValue, cancellationToken)).Any(m => agents.Contains(m.AgentId)))
            {
                return later.Name;
            }
        }

        return null;
    }

    private async ValueTask<CampaignRecord?> FindRecordAsync(string name, CancellationToken cancellationToken) =>
        (await _store.ListAsync(cancellationToken)).FirstOrDefault(c => c.Name == name);

    private async ValueTask<CampaignProgress> ProgressAsync(CampaignRecord campaign, CancellationToken cancellationToken)
    {
        var counts = await _store.CountMembersAsync(campaign.Name, _time.GetUtcNow() - campaign.Patience, cancellationToken);
        var failed = counts.Where(c => c.State is MemberState.Switched or MemberState.Returning or MemberState.Left).Sum(c => c.Failed);
        var stuck = campaign.IsOpen ? counts.Where(c => Awaited.Contains(c.State)).Sum(c => Math.Max(0, c.Waiting - c.Failed)) : 0;
        return new CampaignProgress(campaign, counts.ToImmutableSortedDictionary(c => c.State, c => c.Members), failed, stuck);
    }

    private async ValueTask<Outcome<CampaignChange>> DoneAsync(string name, ImmutableArray<string> remarks, CancellationToken cancellationToken) =>
        new Outcome<CampaignChange>.Done(new CampaignChange(await FindAsync(name, cancellationToken) ?? throw new InvalidOperationException($"Campaign '{name}' is gone."), remarks));

    private async ValueTask<Outcome<CampaignChange>> RefuseAsync(PkiProblemKind kind, string detail, string actor, string correlationId, CancellationToken cancellationToken)
    {
        var problem = new PkiProblem(kind, detail);
        await _audit.RefuseAsync(new Refusal(actor, problem, "admin", correlationId), cancellationToken);
        return new Outcome<CampaignChange>.Refused(problem);
    }
}
