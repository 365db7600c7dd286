using System.Text;
using AgentPki.Agents.Decisions;
using AgentPki.Agents.Decisions.Policies;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Decisions.Policies;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Profiles;
using AgentPki.X509.AgentPolicies;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>What decides actions: policies, and what agents are narrowed to or given for a time. What takes away needs one person, what gives needs two.</summary>
internal static class AdminDecisions
{
    private const int MaximumName = 69;

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/policies", "listPolicies", AdminAccess.Readers, "The policies in force.", AdminJson.Default.PoliciesView, ListPoliciesAsync),
        AdminOperation.Of("/policies", "applyPolicy", AdminAccess.CaAdministrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator), "Writes a new or changed file of policies or of their tests, which is in force at once.", AdminJson.Default.ApplyPolicyCommand, AdminJson.Default.PolicyAppliedView, ApplyAsync)
            .Checking((call, command, _) => ValueTask.FromResult(WhyNot(call, command)), AdminJson.Default.ApplyPolicyCommand),
        AdminOperation.Of(HttpMethods.Get, "/adjustments", "listAdjustments", AdminAccess.Readers, "What agents are narrowed to, or were given, that has not ended.", AdminJson.Default.AdjustmentsView, ListAdjustmentsAsync),
        AdminOperation.Of("/adjustments/narrow", "narrowAgent", AdminAccess.Revokers, "Narrows an agent to some scopes for a time.", AdminJson.Default.AdjustmentCommand, AdminJson.Default.AdjustmentView, (call, command, cancellationToken) => AddAsync(call, AdjustmentKind.Narrowing, command, cancellationToken)),
        AdminOperation.Of("/adjustments/elevate", "elevateAgent", AdminAccess.RaAdministrators.Approved(AdminRole.Officer, AdminRole.RaAdministrator), "Permits an agent some scopes beside what policies permit, for a time of at most a day, within its certificate.", AdminJson.Default.AdjustmentCommand, AdminJson.Default.AdjustmentView, (call, command, cancellationToken) => AddAsync(call, AdjustmentKind.Elevation, command, cancellationToken))
            .Checking((call, command, cancellationToken) => WhyNotAsync(call, AdjustmentKind.Elevation, command, cancellationToken), AdminJson.Default.AdjustmentCommand),
        AdminOperation.Of(HttpMethods.Post, "/adjustments/{id}/end-elevation", "endElevation", AdminAccess.Revokers, "Ends an elevation before its time.", AdminJson.Default.AdjustmentView, (call, cancellationToken) => EndAsync(call, AdjustmentKind.Elevation, cancellationToken)),
        AdminOperation.Of(HttpMethods.Post, "/adjustments/{id}/end-narrowing", "endNarrowing", AdminAccess.RaAdministrators.Approved(AdminRole.Officer, AdminRole.RaAdministrator), "Ends a narrowing before its time.", AdminJson.Default.AdjustmentView, (call, cancellationToken) => EndAsync(call, AdjustmentKind.Narrowing, cancellationToken)),
    ];

    private static ValueTask<Outcome<PoliciesView>> ListPoliciesAsync(AdminCall call, CancellationToken cancellationToken) => ValueTask.FromResult<Outcome<PoliciesView>>(call.Services.Decisions?.Policies is not { } policies
        ? new Outcome<PoliciesView>.Refused(NoDecisions)
        : new Outcome<PoliciesView>.Done(new PoliciesView(
            policies.Current?.Sha256 ?? "", policies.Problem, [.. (policies.Current ?? PolicyCatalog.Empty).Set.Policies.Select(p => new PolicyView(p.Id, p.Effect == PolicyEffect.Permit ? "permit" : "forbid", p.Description, p.Source))])));

    private static async ValueTask<Outcome<PolicyAppliedView>> ApplyAsync(AdminCall call, ApplyPolicyCommand command, CancellationToken cancellationToken)
    {
        if (call.Services is not { PolicyFolder: { } folder, Decisions: { } decisions } || WhyNot(call, command) is not null)
        {
            return await call.RefuseAsync<PolicyAppliedView>(WhyNot(call, command) ?? NoDecisions, cancellationToken);
        }

        var text = Encoding.UTF8.GetBytes(command.Yaml);
        await call.Services.Authority.ApprovedFiles.ApproveAsync(PolicyKeeper.ApprovedPrefix + command.File, text, call.Actor, call.CorrelationId, cancellationToken);
        folder.Write(command.File, text);
        await decisions.Policies.RefreshAsync(CancellationToken.None);
        return new Outcome<PolicyAppliedView>.Done(new PolicyAppliedView(command.File, ApprovedFiles.DigestOf(text)));
    }

    /// <summary>The file is read together with the others that are in force, and every test answers as it expects.</summary>
    private static PkiProblem? WhyNot(AdminCall call, ApplyPolicyCommand command)
    {
        if (call.Services is not { PolicyFolder: { } folder, Decisions: not null })
        {
            return NoDecisions;
        }

        if (!IsName(command.File))
        {
            return new PkiProblem(PkiProblemKind.MalformedRequest, $"'file' must be a file's name: lower-case letters, digits and '-', and .yaml or {PolicyCatalog.TestSuffix}");
        }

        try
        {
            var catalog = PolicyCatalog.Read([.. folder.Read().Where(f => f.Name != command.File), new PolicyFile(command.File, Encoding.UTF8.GetBytes(command.Yaml))]);
            var failed = catalog.Tests.Select(test => (test, Why: test.WhyNot(catalog.Set))).Where(t => t.Why is not null).Select(t => $"{t.test.Source}: {t.test.Name}: {t.Why}").ToList();
            return failed.Count == 0 ? null : new PkiProblem(PkiProblemKind.PolicyViolation, $"{failed.Count} of the policies' tests fail: {string.Join("; ", failed.Take(5))}");
        }
        catch (ProfileException failure)
        {
            return new PkiProblem(PkiProblemKind.PolicyViolation, $"the policies are wrong: {string.Join("; ", failure.Errors)}");
        }
        catch (IOException failure)
        {
            return new PkiProblem(PkiProblemKind.Unavailable, $"the policies cannot be read: {failure.Message}");
        }
    }

    private static bool IsName(string file)
    {
        var stem = file.EndsWith(PolicyCatalog.TestSuffix, StringComparison.Ordinal) ? file[..^PolicyCatalog.TestSuffix.Length] : file.EndsWith(".yaml", StringComparison.Ordinal) ? file[..^5] : "";
        return file.Length <= MaximumName && stem.Length > 0 && stem.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
    }

    private static async ValueTask<Outcome<AdjustmentsView>> ListAdjustmentsAsync(AdminCall call, CancellationToken cancellationToken) => call.Services.Decisions is { } decisions
        ? new Outcome<AdjustmentsView>.Done(new AdjustmentsView([.. (await decisions.Adjustments.ListAsync(cancellationToken)).Select(AdjustmentView.Of)]))
        : new Outcome<AdjustmentsView>.Refused(NoDecisions);

    private static async ValueTask<PkiProblem?> WhyNotAsync(AdminCall call, AdjustmentKind kind, AdjustmentCommand command, CancellationToken cancellationToken) =>
        call.Services.Decisions is not { } decisions ? NoDecisions
        : !TryReadScopes(command, out _, out var error) ? new PkiProblem(PkiProblemKind.MalformedRequest, error)
        : await decisions.Adjustments.WhyNotAsync(kind, command.Agent, LastingOf(command), command.Reason, cancellationToken);

    private static async ValueTask<Outcome<AdjustmentView>> AddAsync(AdminCall call, AdjustmentKind kind, AdjustmentCommand command, CancellationToken cancellationToken)
    {
        if (call.Services.Decisions is not { } decisions)
        {
            return new Outcome<AdjustmentView>.Refused(NoDecisions);
        }

        return TryReadScopes(command, out var scopes, out var error)
            ? View(await decisions.Adjustments.AddAsync(kind, command.Agent, scopes, LastingOf(command), command.Reason, call.Actor, call.CorrelationId, cancellationToken))
            : await call.RefuseAsync<AdjustmentView>(new PkiProblem(PkiProblemKind.MalformedRequest, error), cancellationToken);
    }

    private static async ValueTask<Outcome<AdjustmentView>> EndAsync(AdminCall call, AdjustmentKind kind, CancellationToken cancellationToken)
    {
        if (call.Services.Decisions is not { } decisions)
        {
            return new Outcome<AdjustmentView>.Refused(NoDecisions);
        }

        var id = call.Path("id");
        return await decisions.Adjustments.FindAsync(id, cancellationToken) is { } found && found.Kind != kind
            ? await call.RefuseAsync<AdjustmentView>(new PkiProblem(PkiProblemKind.Conflict, $"adjustment {id} is of the other kind"), cancellationToken)
            : View(await decisions.Adjustments.EndAsync(id, call.Actor, call.CorrelationId, cancellationToken));
    }

    private static TimeSpan LastingOf(AdjustmentCommand command) => TimeSpan.FromSeconds(Math.Clamp(command.Seconds, 0, int.MaxValue));

    private static bool TryReadScopes(AdjustmentCommand command, out ScopeSet scopes, out string error)
    {
        try
        {
            (scopes, error) = (ScopeSet.Of(command.Scopes), "");
            return true;
        }
        catch (FormatException failure)
        {
            (scopes, error) = (ScopeSet.Nothing, failure.Message);
            return false;
        }
    }

    private static Outcome<AdjustmentView> View(Outcome<Adjustment> outcome) => outcome switch
    {
        Outcome<Adjustment>.Done(var adjustment) => new Outcome<AdjustmentView>.Done(AdjustmentView.Of(adjustment)),
        Outcome<Adjustment>.Refused(var problem) => new Outcome<AdjustmentView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };

    private static PkiProblem NoDecisions => new(PkiProblemKind.Unavailable, "this appliance decides no actions");
}
