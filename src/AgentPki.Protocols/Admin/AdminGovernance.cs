using System.Collections.Immutable;
using System.Security.Cryptography;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.X509.Certificates;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>Administrators, their roles and their certificates.</summary>
internal static class AdminGovernance
{
    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/me", "getCaller", AdminAccess.Peers, "Who calls, as the appliance knows him.", AdminJson.Default.CallerView, CallerAsync),
        AdminOperation.Of("/me/certificates", "renewMyCertificate", AdminAccess.Everyone.Approved(AdminRole.Officer), "A further certificate for whoever asks.", AdminJson.Default.AdministratorCertificateCommand, AdminJson.Default.AdministratorCertificateView,
            (call, command, token) => IssueAsync(call, call.Caller.Name, command, token)).Checking((call, command, token) => WhyNotIssuableAsync(call, call.Caller.Name, command, token), AdminJson.Default.AdministratorCertificateCommand),
        AdminOperation.Of(HttpMethods.Get, "/administrators", "listAdministrators", AdminAccess.Readers, "Who administers, removed ones included.", AdminJson.Default.AdministratorsView, ListAsync),
        AdminOperation.Of("/administrators", "addAdministrator", AdminAccess.Officers.Approved(AdminRole.Officer), "Adds an administrator and issues his first certificate.", AdminJson.Default.AddAdministratorCommand, AdminJson.Default.AdministratorCertificateView,
            AddAsync).Checking(WhyNotAddableAsync, AdminJson.Default.AddAdministratorCommand),
        AdminOperation.Of(HttpMethods.Get, "/administrators/{name}", "getAdministrator", AdminAccess.Readers, "One administrator, with his certificates.", AdminJson.Default.AdministratorView, FindAsync),
        AdminOperation.Of("/administrators/{name}/roles", "setAdministratorRoles", AdminAccess.Officers.Approved(AdminRole.Officer), "Gives an administrator other roles.", AdminJson.Default.SetAdministratorRolesCommand, AdminJson.Default.AdministratorView, SetRolesAsync),
        AdminOperation.Of("/administrators/{name}/certificates", "issueAdministratorCertificate", AdminAccess.Officers.Approved(AdminRole.Officer), "A further certificate for an administrator.", AdminJson.Default.AdministratorCertificateCommand, AdminJson.Default.AdministratorCertificateView,
            (call, command, token) => IssueAsync(call, call.Path("name"), command, token)).Checking((call, command, token) => WhyNotIssuableAsync(call, call.Path("name"), command, token), AdminJson.Default.AdministratorCertificateCommand),
        AdminOperation.Of(HttpMethods.Delete, "/administrators/{name}", "removeAdministrator", AdminAccess.Officers.Approved(AdminRole.Officer), "Removes an administrator for good, and revokes his certificates.", AdminJson.Default.AdministratorView, RemoveAsync),
    ];

    private static async ValueTask<Outcome<CallerView>> CallerAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var caller = call.Caller;
        var certificate = caller.Credential is { } credential
            ? await call.Services.Authority.Stores.Certificates.FindAsync(credential.Authority, Convert.FromHexString(credential.Serial), cancellationToken)
            : null;
        return new Outcome<CallerView>.Done(new CallerView(caller.Name, caller.Actor, Words(caller.Roles), caller.Owners, caller.IsWaived, certificate?.Certificate.NotAfter));
    }

    private static async ValueTask<Outcome<AdministratorsView>> ListAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var views = new List<AdministratorView>();
        foreach (var administrator in await call.Services.Authority.Governance.ListAsync(cancellationToken))
        {
            views.Add(await ViewAsync(call, administrator, withCertificates: false, cancellationToken));
        }

        return new Outcome<AdministratorsView>.Done(new AdministratorsView(views));
    }

    private static async ValueTask<Outcome<AdministratorView>> FindAsync(AdminCall call, CancellationToken cancellationToken) =>
        await call.Services.Authority.Governance.FindAsync(call.Path("name"), cancellationToken) is { } found
            ? new Outcome<AdministratorView>.Done(await ViewAsync(call, found, withCertificates: true, cancellationToken))
            : AdminCall.NotFound<AdministratorView>("there is no administrator of that name");

    private static async ValueTask<Outcome<AdministratorCertificateView>> AddAsync(AdminCall call, AddAdministratorCommand command, CancellationToken cancellationToken) =>
        Read(command) switch
        {
            Outcome<NewAdministrator>.Done(var wanted) => View(await call.Services.Authority.Governance.AddAsync(wanted, call.Actor, call.CorrelationId, cancellationToken)),
            Outcome<NewAdministrator>.Refused(var problem) => await call.RefuseAsync<AdministratorCertificateView>(problem, cancellationToken),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<PkiProblem?> WhyNotAddableAsync(AdminCall call, AddAdministratorCommand command, CancellationToken cancellationToken) =>
        Read(command) switch
        {
            Outcome<NewAdministrator>.Done(var wanted) => await call.Services.Authority.Governance.WhyNotAddableAsync(wanted, cancellationToken),
            Outcome<NewAdministrator>.Refused(var problem) => problem,
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<Outcome<AdministratorView>> SetRolesAsync(AdminCall call, SetAdministratorRolesCommand command, CancellationToken cancellationToken) =>
        Roles(command.Roles) is not { } roles ? await call.RefuseAsync<AdministratorView>(BadRoles, cancellationToken)
        : await ViewAsync(call, await call.Services.Authority.Governance.SetRolesAsync(call.Path("name"), roles, [.. command.Owners ?? []], call.Actor, call.CorrelationId, cancellationToken), cancellationToken);

    private static async ValueTask<Outcome<AdministratorView>> RemoveAsync(AdminCall call, CancellationToken cancellationToken) =>
        await ViewAsync(call, await call.Services.Authority.Governance.RemoveAsync(call.Path("name"), call.Actor, call.CorrelationId, cancellationToken), cancellationToken);

    private static async ValueTask<Outcome<AdministratorCertificateView>> IssueAsync(AdminCall call, string name, AdministratorCertificateCommand command, CancellationToken cancellationToken) =>
        ReadRequest(command.Request) is { } der
            ? View(await call.Services.Authority.Governance.IssueAsync(name, der, call.Actor, call.CorrelationId, cancellationToken))
            : await call.RefuseAsync<AdministratorCertificateView>(BadRequest, cancellationToken);

    private static async ValueTask<PkiProblem?> WhyNotIssuableAsync(AdminCall call, string name, AdministratorCertificateCommand command, CancellationToken cancellationToken) =>
        ReadRequest(command.Request) is { } der ? await call.Services.Authority.Governance.WhyNotIssuableAsync(name, der, cancellationToken) : BadRequest;

    private static Outcome<NewAdministrator> Read(AddAdministratorCommand command) =>
        Roles(command.Roles) is not { } roles ? new Outcome<NewAdministrator>.Refused(BadRoles)
        : ReadRequest(command.Request) is not { } der ? new Outcome<NewAdministrator>.Refused(BadRequest)
        : new Outcome<NewAdministrator>.Done(new NewAdministrator(command.Name, roles, [.. command.Owners ?? []], der));

    private static ImmutableArray<AdminRole>? Roles(IReadOnlyList<string> words)
    {
        var roles = ImmutableArray.CreateBuilder<AdminRole>();
        foreach (var word in words)
        {
            if (word is null || !AdminRoles.TryParse(word, out var role))
            {
                return null;
            }

            roles.Add(role.Value);
        }

        return roles.ToImmutable();
    }

    private static byte[]? ReadRequest(string pem)
    {
        try
        {
            return PemEncoding.TryFind(pem, out var fields) && pem[fields.Label] is "CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST" ? Convert.FromBase64String(pem[fields.Base64Data]) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static PkiProblem BadRoles => new(PkiProblemKind.MalformedRequest, $"roles are {AdminRoles.Words(AdminRoles.All)}");

    private static PkiProblem BadRequest => new(PkiProblemKind.MalformedRequest, "'request' must be one PKCS#10 in PEM, as 'agentpki admin request' writes it");

    private static IReadOnlyList<string> Words(ImmutableArray<AdminRole> roles) => [.. roles.Select(r => r.Word())];

    private static Outcome<AdministratorCertificateView> View(Outcome<AdministratorCertificate> outcome) => outcome switch
    {
        Outcome<AdministratorCertificate>.Done(var made) => new Outcome<AdministratorCertificateView>.Done(new AdministratorCertificateView(
            made.Administrator.Name, made.Certificate.SerialHex, made.Certificate.NotAfter, Pem(made.Certificate, made.Chain))),
        Outcome<AdministratorCertificate>.Refused(var problem) => new Outcome<AdministratorCertificateView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };

    private static async ValueTask<Outcome<AdministratorView>> ViewAsync(AdminCall call, Outcome<AdministratorRecord> outcome, CancellationToken cancellationToken) => outcome switch
    {
        Outcome<AdministratorRecord>.Done(var record) => new Outcome<AdministratorView>.Done(await ViewAsync(call, record, withCertificates: false, cancellationToken)),
        Outcome<AdministratorRecord>.Refused(var problem) => new Outcome<AdministratorView>.Refused(problem),
        _ => throw new InvalidOperationException(),
    };

    private static async ValueTask<AdministratorView> ViewAsync(AdminCall call, AdministratorRecord record, bool withCertificates, CancellationToken cancellationToken)
    {
        var known = call.Services.Authority.Administrators;
        return new AdministratorView(
            record.Name,
            Words(record.Roles),
            record.Owners,
            record.State,
            record.Created,
            record.Changed,
            record.Keys,
            await known.CanLogInUntilAsync(record, cancellationToken),
            withCertificates ? [.. (await known.CertificatesOfAsync(record, cancellationToken)).Where(c => c.Status is CertificateStatus.Good).Select(c => Pem(call, c))] : null);
    }

    private static string Pem(AdminCall call, StoredCertificate stored) =>
        Pem(Certificate.Parse(stored.Certificate.Der), call.Services.Authority.Issuers.Find(stored.Certificate.Authority)?.Chain ?? []);

    private static string Pem(Certificate certificate, IReadOnlyList<Certificate> chain) => string.Concat(chain.Where(c => !c.IsSelfIssued).Prepend(certificate).Select(Pem));

    private static string Pem(Certificate certificate) => PemEncoding.WriteString("CERTIFICATE", certificate.Der.Span) + "\n";
}
