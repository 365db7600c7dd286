using System.Text;
using AgentPki.Agents.Behaviour;
using AgentPki.Agents.Registry;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Watching;
using AgentPki.Ledger;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>How agents are watched. Whoever has an agent's behaviour forgotten makes the watch blind to it for some days: that wants a second person.</summary>
internal static class AdminWatch
{
    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/watch/rules", "getWatchRules", AdminAccess.Everyone, "The watch's rules in force, and how much is watched.", AdminJson.Default.WatchRulesView, RulesAsync),
        AdminOperation.Of("/watch/rules", "applyWatchRules", AdminAccess.Officers.And(AdminRole.RaAdministrator).Approved(AdminRole.Officer), "Writes other rules for the watch, which serve at once.", AdminJson.Default.ApplyWatchRulesCommand, AdminJson.Default.WatchRulesView, ApplyRulesAsync)
            .Checking((_, command, _) => ValueTask.FromResult(WatchRules.Kind.WhyNot(Encoding.UTF8.GetBytes(command.Yaml))), AdminJson.Default.ApplyWatchRulesCommand),
        AdminOperation.Of("/watch/forget", "forgetBehaviour", AdminAccess.RaAdministrators.Approved(AdminRole.Officer, AdminRole.RaAdministrator), "What is usual for an agent is learnt anew: it has another task from now on.", AdminJson.Default.ForgetBehaviourCommand, AdminJson.Default.BehaviourForgottenView, ForgetAsync)
            .Checking(WhyNotForgetAsync, AdminJson.Default.ForgetBehaviourCommand),
    ];

    private static ValueTask<Outcome<WatchRulesView>> RulesAsync(AdminCall call, CancellationToken cancellationToken) => new(new Outcome<WatchRulesView>.Done(View(call.Services.Authority)));

    private static async ValueTask<Outcome<WatchRulesView>> ApplyRulesAsync(AdminCall call, ApplyWatchRulesCommand command, CancellationToken cancellationToken) =>
        await call.Services.Authority.WatchRules.ApplyAsync(Encoding.UTF8.GetBytes(command.Yaml), call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<WatchRules>.Done => new Outcome<WatchRulesView>.Done(View(call.Services.Authority)),
            Outcome<WatchRules>.Refused(var problem) => new Outcome<WatchRulesView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<PkiProblem?> WhyNotForgetAsync(AdminCall call, ForgetBehaviourCommand command, CancellationToken cancellationToken) =>
        await call.Services.Authority.Stores.Agents.FindAsync(command.Agent, cancellationToken) is null ? new PkiProblem(PkiProblemKind.NotFound, "there is no agent of that name") : null;

    private static async ValueTask<Outcome<BehaviourForgottenView>> ForgetAsync(AdminCall call, ForgetBehaviourCommand command, CancellationToken cancellationToken)
    {
        if (await WhyNotForgetAsync(call, command, cancellationToken) is { } problem)
        {
            return await call.RefuseAsync<BehaviourForgottenView>(problem, cancellationToken);
        }

        var authority = call.Services.Authority;
        await authority.Audit.RecordAsync(LedgerEntryKind.BehaviourForgotten, call.Actor, AuditDetails.Of((AuditDetails.Agent, command.Agent), (AuditDetails.Correlation, call.CorrelationId)), cancellationToken);
        authority.Watch.Forget(command.Agent);
        return new Outcome<BehaviourForgottenView>.Done(new BehaviourForgottenView(command.Agent));
    }

    private static WatchRulesView View(AuthorityServices authority)
    {
        var (rules, settings) = (authority.WatchRules.Current, authority.WatchRules.Current.Settings);
        return new WatchRulesView(
            settings.LearningDays,
            settings.MaximumAgents,
            rules.ResponsesAnHour,
            rules.Narrowing is { } narrowing ? new WatchNarrowingView([.. narrowing.Scopes.Scopes.Select(s => s.ToString())], (long)narrowing.For.TotalSeconds) : null,
            [.. Detectors.All.Select(detector => DetectorOf(detector, settings.Of(detector), rules))],
            rules.Digest,
            authority.WatchRules.Problem,
            authority.Watch.Agents,
            authority.Behaviour.Dropped);
    }

    private static DetectorView DetectorOf(Detector detector, DetectorRule rule, WatchRules rules) => new(
        detector.Word(), (long)rule.Window.TotalSeconds, rule.AtLeast, rule.Factor, Math.Round(100.0 * rule.Share, 1), rule.Bound, [.. RiskTiers.All.Select(tier => new TierResponseView(tier, rules.Of(tier, detector).Word()))]);
}
