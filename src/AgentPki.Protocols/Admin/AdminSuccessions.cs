using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Migration;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>Successions: moving CAs to other keys.</summary>
internal static class AdminSuccessions
{
    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/successions", "listSuccessions", AdminAccess.Readers, "Which CA takes whose place, oldest first.", AdminJson.Default.SuccessionsView,
            (call, _) => ValueTask.FromResult<Outcome<SuccessionsView>>(new Outcome<SuccessionsView>.Done(View(call, call.Services.Authority.Successions.List())))),
        AdminOperation.Of("/successions/plan", "planSuccession", AdminAccess.CaAdministrators.And(AdminRole.Officer, AdminRole.Auditor), "What a succession would make. Changes nothing.", AdminJson.Default.SuccessionCommand, AdminJson.Default.SuccessionPlanView, PlanAsync),
        AdminOperation.Of("/successions", "startSuccession", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Makes the successors and gives them out; who issues does not change yet.", AdminJson.Default.SuccessionCommand, AdminJson.Default.SuccessionChangeView, StartAsync),
        AdminOperation.Of(HttpMethods.Post, "/successions/{authority}/switch", "switchSuccession", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Agents' certificates come from the successor.", AdminJson.Default.SuccessionChangeView,
            async (call, cancellationToken) => await FollowAsync(call, await call.Services.Authority.Successions.SwitchAsync(call.Path("authority"), call.Actor, call.CorrelationId, cancellationToken))),
        AdminOperation.Of(HttpMethods.Post, "/successions/{authority}/rollback", "rollBackSuccession", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Agents' certificates come from the old CA again.", AdminJson.Default.SuccessionChangeView,
            async (call, cancellationToken) => await FollowAsync(call, await call.Services.Authority.Successions.RollBackAsync(call.Path("authority"), call.Actor, call.CorrelationId, cancellationToken))),
        AdminOperation.Of(HttpMethods.Post, "/successions/{authority}/finish", "finishSuccession", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "The appliance's own certificates follow; the old chain is not given out any more.", AdminJson.Default.SuccessionChangeView,
            async (call, cancellationToken) => await FollowAsync(call, await call.Services.Authority.Successions.FinishAsync(call.Path("authority"), call.Actor, call.CorrelationId, cancellationToken))),
    ];

    private static ValueTask<Outcome<SuccessionPlanView>> PlanAsync(AdminCall call, SuccessionCommand command, CancellationToken cancellationToken) => ValueTask.FromResult<Outcome<SuccessionPlanView>>(Draft(command) switch
    {
        Outcome<SuccessionDraft>.Done(var draft) => new Outcome<SuccessionPlanView>.Done(View(call.Services.Authority.Successions.Plan(draft))),
        Outcome<SuccessionDraft>.Refused(var problem) => new Outcome<SuccessionPlanView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    });

    private static async ValueTask<Outcome<SuccessionChangeView>> StartAsync(AdminCall call, SuccessionCommand command, CancellationToken cancellationToken) => Draft(command) switch
    {
        Outcome<SuccessionDraft>.Done(var draft) => await FollowAsync(call, await call.Services.Authority.Successions.StartAsync(draft, call.Actor, call.CorrelationId, cancellationToken)),
        Outcome<SuccessionDraft>.Refused(var problem) => await call.RefuseAsync<SuccessionChangeView>(problem, cancellationToken),
        _ => throw new InvalidOperationException(),
    };

    private static Outcome<SuccessionDraft> Draft(SuccessionCommand command)
    {
        if (!KeyKind.TryParse(command.KeyAlgorithm, out var keys, out var wrong) || !TryParseRoot(command.RootKeyAlgorithm, out var rootKeys, out wrong))
        {
            return new Outcome<SuccessionDraft>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, wrong));
        }

        if (command.ServedFor is < 1 or > int.MaxValue)
        {
            return new Outcome<SuccessionDraft>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "'servedFor' must be seconds"));
        }

        return new Outcome<SuccessionDraft>.Done(new SuccessionDraft(
            command.Authority, keys, rootKeys, command.ServedFor is { } seconds ? TimeSpan.FromSeconds(seconds) : null, command.SwitchAt, command.AllowTokenWrapped));
    }

    private static bool TryParseRoot(string? text, out KeyKind? keys, [NotNullWhen(false)] out string? wrong)
    {
        (keys, wrong) = (null, null);
        return text is null || KeyKind.TryParse(text, out keys, out wrong);
    }

    private static SuccessionPlanView View(SuccessionPlan plan) => new(
        [
            .. plan.Authorities.Select(a => new PlannedAuthorityView(
                a.Predecessor, a.PredecessorKeys.ToString(), a.Name, a.Subject, a.Keys.ToString(), a.Key.Provider, AdminMapping.Word(a.Key.Protection), a.Alternative?.Provider, a.Alternative is { } second ? AdminMapping.Word(second.Protection) : null, a.NotAfter)),
        ],
        plan.ServedUntil,
        plan.SwitchAt,
        plan.Warnings,
        plan.Obstacles);

    private static async ValueTask<Outcome<SuccessionChangeView>> FollowAsync(AdminCall call, Outcome<SuccessionChange> outcome)
    {
        switch (outcome)
        {
            case Outcome<SuccessionChange>.Done(var change):
                // What was committed is followed, whether or not somebody still waits for the answer.
                var followed = call.Services.FollowAuthorities is { } follow ? await follow(CancellationToken.None) : [];
                return new Outcome<SuccessionChangeView>.Done(new SuccessionChangeView(View(call, change.All).Successions, [.. change.Remarks, .. followed]));
            case Outcome<SuccessionChange>.Refused(var problem):
                return new Outcome<SuccessionChangeView>.Refused(problem);
            default:
                throw new InvalidOperationException();
        }
    }

    private static SuccessionsView View(AdminCall call, IReadOnlyList<SuccessionStatus> all) => new(
    [
        .. all.Select(s => new SuccessionView(
            s.Record.Predecessor,
            s.Record.Successor,
            s.Record.State,
            s.Record.Created,
            s.Record.SwitchAt,
            s.Record.ServedUntil,
            s.IsServed,
            call.Services.Authority.Issuers.Find(s.Record.Successor) is { } successor ? Pem(successor.Certificate.Der.Span) : "",
            s.Record.NewWithOld is { } newWithOld ? Pem(newWithOld) : null,
            s.Record.OldWithNew is { } oldWithNew ? Pem(oldWithNew) : null)),
    ]);

    private static string Pem(ReadOnlySpan<byte> der) => PemEncoding.WriteString("CERTIFICATE", der) + "\n";
}
