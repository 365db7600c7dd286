using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>How the appliance is.</summary>
internal static class AdminStatus
{
    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/status", "getStatus", AdminAccess.Peers, "The appliance at a glance.", AdminJson.Default.StatusView, StatusAsync),
        AdminOperation.Of(HttpMethods.Get, "/health", "getHealth", AdminAccess.Peers, "Every check of the running appliance.", AdminJson.Default.HealthView, HealthAsync),
    ];

    private static async ValueTask<Outcome<StatusView>> StatusAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var authority = call.Services.Authority;
        var reasons = await call.Services.Readiness.ReasonsAgainstAsync(cancellationToken);
        return new Outcome<StatusView>.Done(new StatusView(
            call.Services.Version,
            authority.Options.TrustDomain,
            authority.Options.PublicUrl,
            reasons.Count == 0,
            reasons,
            await authority.Stores.Certificates.CountAsync(cancellationToken),
            authority.Commits.Revocations.Epoch,
            (await authority.Stores.Ledger.HeadAsync(cancellationToken)).Size,
            call.Services.Time.GetUtcNow(),
            await AdministrationAsync(call.Services, cancellationToken)));
    }

    private static async ValueTask<string> AdministrationAsync(AdminServices services, CancellationToken cancellationToken)
    {
        var active = (await services.Authority.Governance.ListAsync(cancellationToken)).Count(a => a.State == AdministratorState.Active);
        var waiting = (await services.Authority.AdminRequests.ListAsync(AdminRequestState.Pending, AdminRequestService.PendingAltogether, cancellationToken)).Count;
        var socket = !services.IsDevelopment ? "" : services.FourEyes ? "development: whoever may open the socket acts as all roles; " : "development: whoever may open the socket acts as all roles, with no second person; ";
        return $"{socket}{active} {(active == 1 ? "administrator" : "administrators")}, {waiting} {(waiting == 1 ? "request waits" : "requests wait")} for a second person";
    }

    private static async ValueTask<Outcome<HealthView>> HealthAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var reasons = await call.Services.Readiness.ReasonsAgainstAsync(cancellationToken);
        var checks = new List<CheckView> { new("ready", reasons.Count == 0, reasons.Count == 0 ? "it can issue" : string.Join("; ", reasons)) };
        foreach (var issuer in call.Services.Authority.Issuers.All)
        {
            var problem = await call.Services.Authority.Issuers.WhyNotUsableAsync(issuer, call.Services.Time.GetUtcNow(), cancellationToken);
            checks.Add(new CheckView($"ca {issuer.Name}", problem is null, problem ?? $"valid until {issuer.Certificate.NotAfter:u}"));
        }

        foreach (var witness in call.Services.Authority.Witnesses.Status)
        {
            checks.Add(new CheckView($"witness {witness.Name}", witness.Problem is null, witness.Problem ?? (witness.Size == 0 ? "not asked yet" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"has cosigned {witness.Size} entries"))));
        }

        var rules = call.Services.Authority.RegistryRules;
        checks.Add(new CheckView("registry rules", rules.Problem is null, rules.Problem ?? $"SHA-256 {rules.Current.Digest}"));
        var watch = call.Services.Authority.WatchRules;
        checks.Add(new CheckView("watch rules", watch.Problem is null, watch.Problem ?? $"SHA-256 {watch.Current.Digest}"));
        if (call.Services.Checks is { } more)
        {
            checks.AddRange(await more(cancellationToken));
        }

        return new Outcome<HealthView>.Done(new HealthView(checks.TrueForAll(c => c.Ok), checks));
    }
}
