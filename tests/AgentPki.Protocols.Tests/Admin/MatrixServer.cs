using System.Collections.Immutable;
using System.Text;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Authority.Watching.Responses;
using AgentPki.Ledger;
using AgentPki.Protocols.Tests.Harness;
using AgentPki.Testing.Acme;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Tests.Admin;

/// <summary>The admin API in front of a whole authority that has things of two owners; each call says as which role it comes.</summary>
internal sealed class MatrixServer : IAsyncDisposable
{
    public const string MyOwner = "team-mine";
    public const string TheirOwner = "team-theirs";
    private const string RoleHeader = "X-Test-Role";
    private readonly AdminServer _server;
    private readonly SoftwareWrapper _wrapper;

    private MatrixServer(AdminServer server, SoftwareWrapper wrapper, Things mine, Things theirs) => (_server, _wrapper, Mine, Theirs) = (server, wrapper, mine, theirs);

    public sealed record Things(string Agent, string Serial, string Credential, string AcmeKey, string Account, string Request, string Response);

    public Things Mine { get; }

    public Things Theirs { get; }

    public AdminServer Admin => _server;

    public static async Task<MatrixServer> StartAsync()
    {
        var wrapper = new SoftwareWrapper();
        var server = await AdminServer.StartAsync(services => services with { Caller = Identify }, e => e with { Wrapper = wrapper });
        return new MatrixServer(server, wrapper, await MakeAsync(server, MyOwner), await MakeAsync(server, TheirOwner));
    }

    /// <param name="role">A role's word, or <c>socket</c>.</param>
    public async Task<(int Status, string Text)> CallAsync(string role, string method, string path, string? body)
    {
        using var message = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        message.Headers.Add(RoleHeader, role);
        using var answer = await _server.Client.SendAsync(message, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _wrapper.Dispose();
    }

    private static ValueTask<AdminIdentification> Identify(HttpContext context, CancellationToken cancellationToken)
    {
        var word = context.Request.Headers[RoleHeader].ToString();
        return ValueTask.FromResult<AdminIdentification>(
            word == "socket" ? new AdminIdentification.Known(AdminCaller.Peer(1000))
            : AdminRoles.TryParse(word, out var role) ? new AdminIdentification.Known(AdminCaller.Of($"test-{word}", [role.Value], [MyOwner], new AdminCredential(new string('0', 64), "issuing", "01")))
            : new AdminIdentification.Unknown(AuditTrail.Stranger, new PkiProblem(PkiProblemKind.Unauthenticated, "nobody")));
    }

    private static async Task<Things> MakeAsync(AdminServer server, string owner)
    {
        var authority = server.Authority;
        var (certificate, key) = await authority.AgentAsync($"agent-of-{owner}", await authority.CredentialAsync(owner: owner));
        await key.DisposeAsync();
        var credential = await authority.CredentialAsync(owner: owner);
        var external = (Outcome<Authority.Acme.CreatedAcmeExternalKey>.Done)await authority.Services.Acme.ExternalKeys.CreateAsync(
            new Authority.Acme.NewAcmeExternalKey(null, owner, [], [], null, TimeSpan.FromDays(1)), "admin:test", "test", TestContext.Current.CancellationToken);
        var account = new AcmeAccount($"account-{owner}", Encoding.ASCII.GetBytes(owner.PadRight(32)[..32]), [1], [], AcmeAccountState.Valid, null, owner, true, authority.Time.GetUtcNow());
        authority.Store.Apply([new CommitRequest(new LedgerEntry(LedgerEntryKind.AcmeAccountChanged, authority.Time.GetUtcNow(), "test", ImmutableSortedDictionary<string, string>.Empty), [new StoreChange.AddAcmeAccount(account)])]);
        // Whoever calls as an owner is test-owner here.
        var request = new AdminRequestRecord(
            $"request-{owner}", "revoke", "POST", "/revocations", [], new AdminPerson(owner == MyOwner ? "test-owner" : "somebody", null), null, AdminRequestState.Pending, authority.Time.GetUtcNow(), authority.Time.GetUtcNow().AddDays(1));
        authority.Store.Apply([new CommitRequest(null, [new StoreChange.AddAdminRequest(request)])]);
        var response = new WatchResponse($"w-of-{owner}", certificate.SpiffeId!.ToString(), "refusals", "suspend", "37 refusals", new string('0', 64), authority.Time.GetUtcNow());
        authority.Store.Apply([new CommitRequest(null, [new StoreChange.AddWatchResponse(response)])]);
        return new Things(certificate.SpiffeId!.ToString(), certificate.SerialHex, credential.Name, external.Value.Key.Id, account.Id, request.Id, response.Id);
    }
}
