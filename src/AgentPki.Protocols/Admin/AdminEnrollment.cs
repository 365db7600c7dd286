using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>Enrolment credentials and approvals.</summary>
internal static class AdminEnrollment
{
    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/credentials", "listCredentials", AdminAccess.Readers.AndOwners(), "Enrolment credentials; secrets are kept nowhere.", AdminJson.Default.CredentialsView, CredentialsAsync),
        AdminOperation.Of("/credentials", "createCredential", AdminAccess.RaAdministrators.AndOwners(), "Makes an enrolment credential. The answer is the only place where its secret is seen.", AdminJson.Default.CreateCredentialCommand, AdminJson.Default.CreatedCredentialView, CreateAsync),
        AdminOperation.Of(HttpMethods.Delete, "/credentials/{name}", "revokeCredential", AdminAccess.RaAdministrators.AndOwners(), "Ends a credential.", AdminJson.Default.CredentialRevokedView, RevokeAsync),
        AdminOperation.Of(HttpMethods.Get, "/approvals", "listApprovals", AdminAccess.Readers, "Requests that wait, or waited, for a person.", AdminJson.Default.ApprovalsView, ApprovalsAsync,
            new AdminParameter("state", "string", "pending, approved, denied, issued or expired; all of them unless told otherwise.")),
        AdminOperation.Of(HttpMethods.Get, "/approvals/{id}", "getApproval", AdminAccess.Auditors, "One request with its PKCS#10.", AdminJson.Default.ApprovalView, ApprovalAsync),
        AdminOperation.Of(HttpMethods.Post, "/approvals/{id}/approve", "approve", AdminAccess.RaAdministrators, "Says yes: the client gets its certificate when it asks again.", AdminJson.Default.ApprovalView, ApproveAsync),
        AdminOperation.Of(HttpMethods.Post, "/approvals/{id}/deny", "deny", AdminAccess.RaAdministrators, "Says no, for good.", AdminJson.Default.ApprovalView, DenyAsync),
    ];

    private static async ValueTask<Outcome<CredentialsView>> CredentialsAsync(AdminCall call, CancellationToken cancellationToken) =>
        new Outcome<CredentialsView>.Done(new CredentialsView([.. (await call.Services.Authority.Credentials.ListAsync(cancellationToken)).Where(c => call.Covers(c.Owner)).Select(AdminMapping.View)]));

    private static async ValueTask<Outcome<CreatedCredentialView>> CreateAsync(AdminCall call, CreateCredentialCommand command, CancellationToken cancellationToken)
    {
        if (command.MaxUses < 0 || command.Lifetime is < 1 or > int.MaxValue)
        {
            return await call.RefuseAsync<CreatedCredentialView>(new PkiProblem(PkiProblemKind.MalformedRequest, "'maxUses' must not be negative (0: any number), 'lifetime' must be seconds"), cancellationToken);
        }

        if (!call.Covers(command.Owner))
        {
            return await call.RefuseAsync<CreatedCredentialView>(call.NotOwned("the credential would be another owner's"), cancellationToken);
        }

        var wanted = new NewCredential(
            command.Name, command.Owner, command.Profiles ?? [], command.SubjectPattern, command.MaxUses == 0 ? null : command.MaxUses, TimeSpan.FromSeconds(command.Lifetime));
        return await call.Services.Authority.Credentials.CreateAsync(wanted, call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<CreatedCredential>.Done(var made) => new Outcome<CreatedCredentialView>.Done(new CreatedCredentialView(AdminMapping.View(made.Credential), made.Secret)),
            Outcome<CreatedCredential>.Refused(var problem) => new Outcome<CreatedCredentialView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };
    }

    private static async ValueTask<Outcome<CredentialRevokedView>> RevokeAsync(AdminCall call, CancellationToken cancellationToken) =>
        call.Owners is not null && !call.Covers((await call.Services.Authority.Stores.Credentials.FindAsync(call.Path("name"), cancellationToken))?.Owner)
            ? await call.RefuseAsync<CredentialRevokedView>(call.NotOwned("that is not known to be a credential of yours"), cancellationToken) :
        await call.Services.Authority.Credentials.RevokeAsync(call.Path("name"), call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<string>.Done(var name) => new Outcome<CredentialRevokedView>.Done(new CredentialRevokedView(name)),
            Outcome<string>.Refused(var problem) => new Outcome<CredentialRevokedView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<Outcome<ApprovalsView>> ApprovalsAsync(AdminCall call, CancellationToken cancellationToken)
    {
        ApprovalState? state = null;
        if (call.Query("state") is { } text)
        {
            if (!Enum.TryParse<ApprovalState>(text, ignoreCase: true, out var parsed) || !text.All(char.IsAsciiLetter))
            {
                return new Outcome<ApprovalsView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "'state' must be pending, approved, denied, issued or expired"));
            }

            state = parsed;
        }

        var found = await call.Services.Authority.Approvals.ListAsync(state, cancellationToken);
        return new Outcome<ApprovalsView>.Done(new ApprovalsView([.. found.Select(a => AdminMapping.View(a, withRequest: false))]));
    }

    private static async ValueTask<Outcome<ApprovalView>> ApprovalAsync(AdminCall call, CancellationToken cancellationToken) =>
        await call.Services.Authority.Approvals.FindAsync(call.Path("id"), cancellationToken) is { } found
            ? new Outcome<ApprovalView>.Done(AdminMapping.View(found, withRequest: true))
            : AdminCall.NotFound<ApprovalView>("no request of that id waits or waited for an approval");

    private static async ValueTask<Outcome<ApprovalView>> ApproveAsync(AdminCall call, CancellationToken cancellationToken) =>
        View(await call.Services.Authority.Approvals.ApproveAsync(call.Path("id"), call.Actor, call.CorrelationId, cancellationToken));

    private static async ValueTask<Outcome<ApprovalView>> DenyAsync(AdminCall call, CancellationToken cancellationToken) =>
        View(await call.Services.Authority.Approvals.DenyAsync(call.Path("id"), call.Actor, call.CorrelationId, cancellationToken));

    private static Outcome<ApprovalView> View(Outcome<ApprovalRecord> outcome) => outcome switch
    {
        Outcome<ApprovalRecord>.Done(var record) => new Outcome<ApprovalView>.Done(AdminMapping.View(record, withRequest: false)),
        Outcome<ApprovalRecord>.Refused(var problem) => new Outcome<ApprovalView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };
}
