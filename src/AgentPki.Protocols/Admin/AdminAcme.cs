using System.Buffers.Text;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>External account keys, accounts and incidents of ACME.</summary>
internal static class AdminAcme
{
    private const int ListLimit = 10_000;

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/acme/keys", "listAcmeKeys", AdminAccess.Readers.AndOwners(), "External account keys; their secrets are not shown again.", AdminJson.Default.AcmeKeysView, KeysAsync),
        AdminOperation.Of("/acme/keys", "createAcmeKey", AdminAccess.RaAdministrators.AndOwners(), "Makes an external account key. The answer is the only place where its secret is seen.", AdminJson.Default.CreateAcmeKeyCommand, AdminJson.Default.CreatedAcmeKeyView, CreateAsync),
        AdminOperation.Of(HttpMethods.Delete, "/acme/keys/{id}", "revokeAcmeKey", AdminAccess.RaAdministrators.AndOwners(), "Ends an external account key: it makes no account and gives no SPIFFE ID any more. Its accounts stay, with its limits.", AdminJson.Default.AcmeKeyRevokedView, RevokeKeyAsync),
        AdminOperation.Of(HttpMethods.Get, "/acme/accounts", "listAcmeAccounts", AdminAccess.Readers.AndOwners(), "ACME accounts, newest first.", AdminJson.Default.AcmeAccountsView, AccountsAsync),
        AdminOperation.Of(HttpMethods.Delete, "/acme/accounts/{id}", "revokeAcmeAccount", AdminAccess.RaAdministrators.AndOwners(), "Ends an ACME account for good: nothing it began goes on; its certificates stay what they are.", AdminJson.Default.AcmeAccountView, RevokeAccountAsync),
        AdminOperation.Of(HttpMethods.Get, "/acme/incidents", "listAcmeIncidents", AdminAccess.Readers, "Incidents, for which certificates are renewed before their time; newest first.", AdminJson.Default.AcmeIncidentsView, IncidentsAsync),
        AdminOperation.Of("/acme/incidents", "openAcmeIncident", AdminAccess.Administrators.Approved(AdminRole.Officer, AdminRole.CaAdministrator, AdminRole.RaAdministrator), "Has ACME clients renew certificates before their time (RFC 9773): those issued until now, of a CA, of a profile, or all.", AdminJson.Default.OpenAcmeIncidentCommand, AdminJson.Default.AcmeIncidentView, OpenIncidentAsync),
        AdminOperation.Of(HttpMethods.Delete, "/acme/incidents/{id}", "endAcmeIncident", AdminAccess.Administrators, "Ends an incident: what was not renewed meanwhile is renewed at its own time.", AdminJson.Default.AcmeIncidentView, EndIncidentAsync),
    ];

    private static async ValueTask<Outcome<AcmeIncidentsView>> IncidentsAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var now = call.Services.Time.GetUtcNow();
        return new Outcome<AcmeIncidentsView>.Done(new AcmeIncidentsView([.. (await call.Services.Authority.Acme.Incidents.ListAsync(cancellationToken)).Select(i => View(i, now))]));
    }

    private static async ValueTask<Outcome<AcmeIncidentView>> OpenIncidentAsync(AdminCall call, OpenAcmeIncidentCommand command, CancellationToken cancellationToken)
    {
        if (command.Lifetime is < 1 or > int.MaxValue || command.All == (command.Authority is not null || command.Profile is not null))
        {
            return await call.RefuseAsync<AcmeIncidentView>(new PkiProblem(PkiProblemKind.MalformedRequest, "say which certificates: 'authority', 'profile' or both, or else 'all'; 'lifetime' is seconds"), cancellationToken);
        }

        var wanted = new NewAcmeIncident(command.Authority, command.Profile, command.Reason, command.ExplanationUrl, TimeSpan.FromSeconds(command.Lifetime));
        return View(await call.Services.Authority.Acme.Incidents.OpenAsync(wanted, call.Actor, call.CorrelationId, cancellationToken), call);
    }

    private static async ValueTask<Outcome<AcmeIncidentView>> EndIncidentAsync(AdminCall call, CancellationToken cancellationToken) =>
        View(await call.Services.Authority.Acme.Incidents.EndAsync(call.Path("id"), call.Actor, call.CorrelationId, cancellationToken), call);

    private static async ValueTask<Outcome<AcmeKeysView>> KeysAsync(AdminCall call, CancellationToken cancellationToken) =>
        new Outcome<AcmeKeysView>.Done(new AcmeKeysView([.. (await call.Services.Authority.Acme.ExternalKeys.ListAsync(cancellationToken)).Where(k => call.Covers(k.Owner)).Select(View)]));

    private static async ValueTask<Outcome<CreatedAcmeKeyView>> CreateAsync(AdminCall call, CreateAcmeKeyCommand command, CancellationToken cancellationToken)
    {
        if (command.MaxAccounts < 0 || command.Lifetime is < 1 or > int.MaxValue)
        {
            return await call.RefuseAsync<CreatedAcmeKeyView>(new PkiProblem(PkiProblemKind.MalformedRequest, "'maxAccounts' must not be negative (0: any number), 'lifetime' must be seconds"), cancellationToken);
        }

        if (!call.Covers(command.Owner))
        {
            return await call.RefuseAsync<CreatedAcmeKeyView>(call.NotOwned("the key would be another owner's"), cancellationToken);
        }

        var wanted = new NewAcmeExternalKey(command.Id, command.Owner, command.Names ?? [], command.Profiles ?? [], command.MaxAccounts == 0 ? null : command.MaxAccounts, TimeSpan.FromSeconds(command.Lifetime));
        var acme = call.Services.Authority.Acme;
        return await acme.ExternalKeys.CreateAsync(wanted, call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<CreatedAcmeExternalKey>.Done(var made) => new Outcome<CreatedAcmeKeyView>.Done(new CreatedAcmeKeyView(View(made.Key), made.Secret, acme.Options.DirectoryUrl)),
            Outcome<CreatedAcmeExternalKey>.Refused(var problem) => new Outcome<CreatedAcmeKeyView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };
    }

    private static async ValueTask<Outcome<AcmeKeyRevokedView>> RevokeKeyAsync(AdminCall call, CancellationToken cancellationToken) =>
        call.Owners is not null && !call.Covers((await call.Services.Authority.Stores.Acme.FindExternalKeyAsync(call.Path("id"), cancellationToken))?.Owner)
            ? await call.RefuseAsync<AcmeKeyRevokedView>(call.NotOwned("that is not known to be a key of yours"), cancellationToken) :
        await call.Services.Authority.Acme.ExternalKeys.RevokeAsync(call.Path("id"), call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<string>.Done(var id) => new Outcome<AcmeKeyRevokedView>.Done(new AcmeKeyRevokedView(id)),
            Outcome<string>.Refused(var problem) => new Outcome<AcmeKeyRevokedView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<Outcome<AcmeAccountsView>> AccountsAsync(AdminCall call, CancellationToken cancellationToken) =>
        new Outcome<AcmeAccountsView>.Done(new AcmeAccountsView([.. (await call.Services.Authority.Acme.Accounts.ListAsync(ListLimit, cancellationToken)).Where(a => call.Covers(a.Owner)).Select(View)]));

    private static async ValueTask<Outcome<AcmeAccountView>> RevokeAccountAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (call.Owners is not null && !call.Covers((await call.Services.Authority.Stores.Acme.FindAccountAsync(call.Path("id"), cancellationToken))?.Owner))
        {
            return await call.RefuseAsync<AcmeAccountView>(call.NotOwned("that is not known to be an account of yours"), cancellationToken);
        }

        switch (await call.Services.Authority.Acme.Accounts.RevokeAsync(call.Path("id"), call.Actor, call.CorrelationId, cancellationToken))
        {
            case AcmeOutcome<AcmeAccount>.Done(var account):
                return new Outcome<AcmeAccountView>.Done(View(account));
            case AcmeOutcome<AcmeAccount>.Refused({ Status: StatusCodes.Status404NotFound }):
                return await call.RefuseAsync<AcmeAccountView>(new PkiProblem(PkiProblemKind.NotFound, "there is no ACME account of that id"), cancellationToken);
            default:
                return await call.RefuseAsync<AcmeAccountView>(new PkiProblem(PkiProblemKind.Conflict, "the account has ended already"), cancellationToken);
        }
    }

    private static AcmeKeyView View(AcmeExternalKey key) => new(key.Id, key.Owner, key.Names, key.Profiles, key.MaxAccounts, key.Accounts, key.Created, key.NotAfter, key.Revoked);

    private static AcmeIncidentView View(AcmeIncident incident, DateTimeOffset now) =>
        new(incident.Id, incident.Authority, incident.Profile, incident.Reason, incident.ExplanationUrl, incident.IsOpen(now), incident.Begun, incident.NotAfter, incident.Ended);

    private static Outcome<AcmeIncidentView> View(Outcome<AcmeIncident> outcome, AdminCall call) => outcome switch
    {
        Outcome<AcmeIncident>.Done(var incident) => new Outcome<AcmeIncidentView>.Done(View(incident, call.Services.Time.GetUtcNow())),
        Outcome<AcmeIncident>.Refused(var problem) => new Outcome<AcmeIncidentView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };

    private static AcmeAccountView View(AcmeAccount account) =>
        new(account.Id, account.Owner, account.State, account.Contacts, Base64Url.EncodeToString(account.Thumbprint), account.ExternalKey, account.Created);
}
