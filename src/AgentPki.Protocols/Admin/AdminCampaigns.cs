using AgentPki.Authority.Governance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>Campaigns: moving fleets to another algorithm.</summary>
internal static class AdminCampaigns
{
    private const int Shown = 20;

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/campaigns", "listCampaigns", AdminAccess.Readers, "Campaigns with their numbers, oldest first.", AdminJson.Default.CampaignsView, ListAsync),
        AdminOperation.Of("/campaigns", "startCampaign", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Starts a campaign for its share.", AdminJson.Default.CampaignCommand, AdminJson.Default.CampaignChangeView, StartAsync),
        AdminOperation.Of("/campaigns/plan", "planCampaign", AdminAccess.CaAdministrators.And(AdminRole.Officer, AdminRole.Auditor), "What a campaign would do. Changes nothing.", AdminJson.Default.CampaignCommand, AdminJson.Default.CampaignPlanView, PlanAsync),
        AdminOperation.Of(HttpMethods.Get, "/campaigns/{name}", "getCampaign", AdminAccess.Readers, "One campaign, with some of its members that do not get on.", AdminJson.Default.CampaignView, FindAsync),
        AdminOperation.Of(HttpMethods.Get, "/campaigns/{name}/members", "listCampaignMembers", AdminAccess.Readers, "Its agents.", AdminJson.Default.CampaignMembersView, MembersAsync,
            new AdminParameter("state", "string", "Only those in this state."), new AdminParameter("limit", "integer", "At most so many; 1 to 10000, 100 unless told otherwise.")),
        AdminOperation.Of("/campaigns/{name}/share", "raiseCampaign", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Switches a greater share.", AdminJson.Default.CampaignShareCommand, AdminJson.Default.CampaignChangeView, RaiseAsync),
        AdminOperation.Of(HttpMethods.Post, "/campaigns/{name}/pause", "pauseCampaign", AdminAccess.CaAdministrators.And(AdminRole.Officer), "Nothing more is switched or retired.", AdminJson.Default.CampaignChangeView,
            async (call, cancellationToken) => View(await call.Services.Authority.Migrations.PauseAsync(call.Path("name"), call.Actor, call.CorrelationId, cancellationToken))),
        AdminOperation.Of(HttpMethods.Post, "/campaigns/{name}/resume", "resumeCampaign", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Goes on.", AdminJson.Default.CampaignChangeView,
            async (call, cancellationToken) => View(await call.Services.Authority.Migrations.ResumeAsync(call.Path("name"), call.Actor, call.CorrelationId, cancellationToken))),
        AdminOperation.Of("/campaigns/{name}/rollback", "rollBackCampaign", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Takes back all of it (share 0), or what a smaller share does not cover.", AdminJson.Default.CampaignShareCommand, AdminJson.Default.CampaignChangeView, RollBackAsync),
    ];

    private static async ValueTask<Outcome<CampaignsView>> ListAsync(AdminCall call, CancellationToken cancellationToken) =>
        new Outcome<CampaignsView>.Done(new CampaignsView([.. (await call.Services.Authority.Migrations.ListAsync(cancellationToken)).Select(c => View(c, null))]));

    private static async ValueTask<Outcome<CampaignView>> FindAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var migrations = call.Services.Authority.Migrations;
        return await migrations.FindAsync(call.Path("name"), cancellationToken) is { } found
            ? new Outcome<CampaignView>.Done(View(found, found.Campaign.IsOpen ? await migrations.StuckAsync(found.Campaign, Shown, cancellationToken) : []))
            : AdminCall.NotFound<CampaignView>("there is no campaign of that name");
    }

    private static async ValueTask<Outcome<CampaignMembersView>> MembersAsync(AdminCall call, CancellationToken cancellationToken)
    {
        MemberState? state = null;
        if (call.Query("state") is { } text)
        {
            if (!Enum.TryParse<MemberState>(text, ignoreCase: true, out var parsed) || !text.All(char.IsAsciiLetter))
            {
                return new Outcome<CampaignMembersView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'state' must be one of {string.Join(", ", Enum.GetNames<MemberState>())}"));
            }

            state = parsed;
        }

        return call.Limit() switch
        {
            Outcome<int>.Done(var limit) => new Outcome<CampaignMembersView>.Done(new CampaignMembersView(
                [.. (await call.Services.Authority.Migrations.MembersAsync(call.Path("name"), state, limit, cancellationToken)).Select(m => View(new StuckMember(m, m.Problem is not null, m.Problem ?? "")))])),
            Outcome<int>.Refused(var problem) => new Outcome<CampaignMembersView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };
    }

    private static async ValueTask<Outcome<CampaignPlanView>> PlanAsync(AdminCall call, CampaignCommand command, CancellationToken cancellationToken) => Draft(command) switch
    {
        Outcome<CampaignDraft>.Done(var draft) => new Outcome<CampaignPlanView>.Done(View(await call.Services.Authority.Migrations.PlanAsync(draft, call.Actor, cancellationToken))),
        Outcome<CampaignDraft>.Refused(var problem) => new Outcome<CampaignPlanView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };

    private static async ValueTask<Outcome<CampaignChangeView>> StartAsync(AdminCall call, CampaignCommand command, CancellationToken cancellationToken) => Draft(command) switch
    {
        Outcome<CampaignDraft>.Done(var draft) => View(await call.Services.Authority.Migrations.StartAsync(draft, call.Actor, call.CorrelationId, cancellationToken)),
        Outcome<CampaignDraft>.Refused(var problem) => await call.RefuseAsync<CampaignChangeView>(problem, cancellationToken),
        _ => throw new InvalidOperationException(),
    };

    private static async ValueTask<Outcome<CampaignChangeView>> RaiseAsync(AdminCall call, CampaignShareCommand command, CancellationToken cancellationToken) => Share(command.Share) is { } share
        ? View(await call.Services.Authority.Migrations.EnlargeShareAsync(call.Path("name"), share, call.Actor, call.CorrelationId, cancellationToken))
        : await call.RefuseAsync<CampaignChangeView>(BadShare, cancellationToken);

    private static async ValueTask<Outcome<CampaignChangeView>> RollBackAsync(AdminCall call, CampaignShareCommand command, CancellationToken cancellationToken) => Share(command.Share) is { } share
        ? View(await call.Services.Authority.Migrations.RollBackAsync(call.Path("name"), share, call.Actor, call.CorrelationId, cancellationToken))
        : await call.RefuseAsync<CampaignChangeView>(BadShare, cancellationToken);

    private static Outcome<CampaignDraft> Draft(CampaignCommand command)
    {
        var unknown = (command.From ?? []).Append(command.To).OfType<string>().FirstOrDefault(name => KeyAlgorithm.Find(name) is null);
        if (unknown is not null)
        {
            return new Outcome<CampaignDraft>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, $"'{unknown}' is no kind of key; known are {string.Join(", ", KeyAlgorithm.All.Select(k => k.Name))}"));
        }

        if (Share(command.Share) is not { } share)
        {
            return new Outcome<CampaignDraft>.Refused(BadShare);
        }

        return new Outcome<CampaignDraft>.Done(new CampaignDraft(
            command.Name,
            new CampaignSelector([.. (command.From ?? []).Select(KeyAlgorithm.Find).OfType<KeyAlgorithm>()], command.Owners ?? [], command.Profiles ?? []),
            new CampaignTarget(command.To is { } to ? KeyAlgorithm.Find(to) : null, command.ToProfile),
            share,
            command.Retirement,
            Span(command.Grace),
            Span(command.Patience)));
    }

    private static TimeSpan? Span(long? seconds) => seconds is { } count ? TimeSpan.FromSeconds(Math.Clamp(count, int.MinValue, int.MaxValue)) : null;

    private static int? Share(double percent) => percent is >= 0 and <= 100 ? (int)Math.Round(percent * 100) : null;

    private static PkiProblem BadShare => new(PkiProblemKind.MalformedRequest, "'share' must be percent, from 0 to 100");

    private static Outcome<CampaignChangeView> View(Outcome<CampaignChange> outcome) => outcome switch
    {
        Outcome<CampaignChange>.Done(var change) => new Outcome<CampaignChangeView>.Done(new CampaignChangeView(View(change.Progress, null), change.Remarks)),
        Outcome<CampaignChange>.Refused(var problem) => new Outcome<CampaignChangeView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };

    private static CampaignMemberView View(StuckMember stuck) =>
        new(stuck.Member.AgentId, stuck.Member.Owner, stuck.Member.Profile, stuck.Member.State, stuck.Member.Since, stuck.Failed, stuck.Reason.Length == 0 ? null : stuck.Reason);

    private static CampaignPlanView View(CampaignPlan plan) => new(
        plan.Campaign.Name,
        CampaignText.Describe(plan.Campaign.Target),
        plan.Campaign.Share / 100d,
        plan.Agents,
        plan.Switched,
        plan.Certificates,
        [.. plan.Lines.Select(l => new CampaignPlanLineView(l.Profile, l.From?.Name, l.To, l.Issuer, l.Agents, l.Certificates))],
        plan.Owners.ToDictionary(o => o.Key, o => o.Value),
        plan.Deadline,
        Math.Round(plan.PerMinute, 2),
        plan.Octets,
        plan.Sample,
        plan.Warnings,
        plan.Obstacles);

    private static CampaignView View(CampaignProgress progress, IReadOnlyList<StuckMember>? stuck)
    {
        var campaign = progress.Campaign;
        return new CampaignView(
            campaign.Name,
            campaign.State,
            [.. campaign.Selector.Algorithms.Select(a => a.Name)],
            campaign.Selector.Owners,
            campaign.Selector.Profiles,
            CampaignText.Describe(campaign.Target),
            campaign.Share / 100d,
            campaign.Retirement,
            (long)campaign.Grace.TotalSeconds,
            (long)campaign.Patience.TotalSeconds,
            campaign.CreatedBy,
            campaign.Created,
            campaign.Ended,
            progress.Total,
            progress.Of(MemberState.Selected),
            progress.Of(MemberState.Switched),
            progress.Of(MemberState.Issued),
            progress.Of(MemberState.InUse),
            progress.Of(MemberState.Retired),
            progress.Of(MemberState.Returning),
            progress.Of(MemberState.Returned),
            progress.Of(MemberState.RolledBack),
            progress.Of(MemberState.Left),
            progress.Failed,
            progress.Stuck,
            stuck is null ? null : [.. stuck.Select(View)]);
    }
}
