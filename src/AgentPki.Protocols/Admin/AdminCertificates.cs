using AgentPki.Agents;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using Microsoft.AspNetCore.Http;

namespace AgentPki.Protocols.Admin;

/// <summary>Authorities, certificates, agents, CRLs.</summary>
internal static class AdminCertificates
{
    private static readonly AdminParameter Limit = new("limit", "integer", "At most so many, newest first; 1 to 10000, 100 unless told otherwise.");

    public static IEnumerable<AdminOperation> Operations =>
    [
        AdminOperation.Of(HttpMethods.Get, "/authorities", "listAuthorities", AdminAccess.Peers, "The CAs of this appliance, the root first, with the protection of their keys.", AdminJson.Default.AuthoritiesView, AuthoritiesAsync),
        AdminOperation.Of(HttpMethods.Get, "/profiles", "listProfiles", AdminAccess.Everyone, "The kinds of certificates this appliance issues.", AdminJson.Default.ProfilesView, ProfilesAsync),
        AdminOperation.Of(HttpMethods.Get, "/certificates", "listCertificates", AdminAccess.Readers.AndOwners(), "Certificates, newest first.", AdminJson.Default.CertificatesView, ListAsync,
            Limit, new AdminParameter("agent", "string", "Only those of this SPIFFE ID."), new AdminParameter("serial", "string", "Only those of this serial number, hexadecimal.")),
        AdminOperation.Of(HttpMethods.Get, "/certificates/{authority}/{serial}", "getCertificate", AdminAccess.Readers.AndOwners(), "One certificate with its PEM.", AdminJson.Default.CertificateView, FindAsync),
        AdminOperation.Of(HttpMethods.Get, "/agents", "listAgents", AdminAccess.Readers.AndOwners(), "Agents.", AdminJson.Default.AgentsView, AgentsAsync, Limit, new AdminParameter("id", "string", "Only this SPIFFE ID.")),
        AdminOperation.Of("/agents/state", "setAgentState", AdminAccess.RaAdministrators.AndOwners(), "Suspends, re-activates or retires an agent; its certificates stay as they are.", AdminJson.Default.SetAgentStateCommand, AdminJson.Default.AgentView, SetAgentStateAsync),
        AdminOperation.Of("/agents/parent", "setAgentParent", AdminAccess.RaAdministrators.AndOwners(), "Says which agent spawned an agent: what is revoked with its descendants goes down this tree.", AdminJson.Default.SetAgentParentCommand, AdminJson.Default.AgentView, SetAgentParentAsync),
        AdminOperation.Of(HttpMethods.Post, "/certificate-lists/{authority}", "regenerateCertificateList", AdminAccess.Administrators, "Signs a new CRL of a CA now.", AdminJson.Default.CertificateListView, RegenerateAsync),
    ];

    private static ValueTask<Outcome<AuthoritiesView>> AuthoritiesAsync(AdminCall call, CancellationToken cancellationToken) =>
        new(new Outcome<AuthoritiesView>.Done(new AuthoritiesView([.. call.Services.Authority.Issuers.All.Select(AdminMapping.View)])));

    private static ValueTask<Outcome<ProfilesView>> ProfilesAsync(AdminCall call, CancellationToken cancellationToken) =>
        new(new Outcome<ProfilesView>.Done(new ProfilesView([.. call.Services.Authority.Profiles.All.Select(AdminMapping.View)])));

    private static async ValueTask<Outcome<CertificatesView>> ListAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (call.Limit() is not Outcome<int>.Done(var limit))
        {
            return new Outcome<CertificatesView>.Refused(((Outcome<int>.Refused)call.Limit()).Problem);
        }

        var certificates = call.Services.Authority.Stores.Certificates;
        IReadOnlyList<StoredCertificate> found;
        if (call.Query("serial") is { } text)
        {
            if (Serial(text) is not { } serial)
            {
                return new Outcome<CertificatesView>.Refused(BadSerial);
            }

            found = await FindEverywhereAsync(call, serial, cancellationToken);
        }
        else
        {
            // Of an owner, his own among the newest there are.
            var read = call.Owners is null ? limit : AdminCall.MaximumLimit;
            found = call.Query("agent") is { } agent ? await certificates.ListByAgentAsync(agent, read, cancellationToken) : await certificates.ListAsync(read, cancellationToken);
        }

        found = await AdminOwnership.OwnAsync(call, found, cancellationToken);
        return new Outcome<CertificatesView>.Done(new CertificatesView([.. found.Take(limit).Select(c => AdminMapping.View(c, withPem: false))]));
    }

    private static async ValueTask<Outcome<CertificateView>> FindAsync(AdminCall call, CancellationToken cancellationToken)
    {
        if (Serial(call.Path("serial")) is not { } serial)
        {
            return new Outcome<CertificateView>.Refused(BadSerial);
        }

        var found = await call.Services.Authority.Stores.Certificates.FindAsync(call.Path("authority"), serial, cancellationToken);
        return await AdminOwnership.WhyNotAgentAsync(call, found?.Certificate.AgentId, cancellationToken) is { } foreign ? await call.RefuseAsync<CertificateView>(foreign, cancellationToken)
            : found is not null ? new Outcome<CertificateView>.Done(AdminMapping.View(found, withPem: true))
            : AdminCall.NotFound<CertificateView>("this appliance has issued no such certificate");
    }

    internal static async ValueTask<List<StoredCertificate>> FindEverywhereAsync(AdminCall call, byte[] serial, CancellationToken cancellationToken)
    {
        var found = new List<StoredCertificate>();
        foreach (var issuer in call.Services.Authority.Issuers.All)
        {
            if (await call.Services.Authority.Stores.Certificates.FindAsync(issuer.Name, serial, cancellationToken) is { } certificate)
            {
                found.Add(certificate);
            }
        }

        return found;
    }

    private static async ValueTask<Outcome<AgentsView>> AgentsAsync(AdminCall call, CancellationToken cancellationToken)
    {
        var agents = call.Services.Authority.Stores.Agents;
        if (call.Query("id") is { } id)
        {
            return new Outcome<AgentsView>.Done(new AgentsView(await agents.FindAsync(id, cancellationToken) is { } agent && call.Covers(agent.Owner) ? [AdminMapping.View(agent)] : []));
        }

        return call.Limit() switch
        {
            Outcome<int>.Done(var limit) => new Outcome<AgentsView>.Done(new AgentsView(
                [.. (await agents.ListAsync(call.Owners is null ? limit : AdminCall.MaximumLimit, cancellationToken)).Where(a => call.Covers(a.Owner)).Take(limit).Select(AdminMapping.View)])),
            Outcome<int>.Refused(var problem) => new Outcome<AgentsView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };
    }

    private static async ValueTask<Outcome<AgentView>> SetAgentStateAsync(AdminCall call, SetAgentStateCommand command, CancellationToken cancellationToken) =>
        await AdminOwnership.WhyNotAgentAsync(call, command.Id, cancellationToken) is { } foreign ? await call.RefuseAsync<AgentView>(foreign, cancellationToken) :
        await call.Services.Authority.Agents.SetStateAsync(command.Id, command.State, call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<AgentRecord>.Done(var agent) => new Outcome<AgentView>.Done(AdminMapping.View(agent)),
            Outcome<AgentRecord>.Refused(var problem) => new Outcome<AgentView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<Outcome<AgentView>> SetAgentParentAsync(AdminCall call, SetAgentParentCommand command, CancellationToken cancellationToken) =>
        await AdminOwnership.WhyNotAgentAsync(call, command.Id, cancellationToken) is { } foreign ? await call.RefuseAsync<AgentView>(foreign, cancellationToken) :
        command.Parent is { } parent && await AdminOwnership.WhyNotAgentAsync(call, parent, cancellationToken) is { } foreignParent ? await call.RefuseAsync<AgentView>(foreignParent, cancellationToken) :
        await call.Services.Authority.Agents.SetParentAsync(command.Id, command.Parent, call.Actor, call.CorrelationId, cancellationToken) switch
        {
            Outcome<AgentRecord>.Done(var agent) => new Outcome<AgentView>.Done(AdminMapping.View(agent)),
            Outcome<AgentRecord>.Refused(var problem) => new Outcome<AgentView>.Refused(problem),
            _ => throw new InvalidOperationException(),
        };

    private static async ValueTask<Outcome<CertificateListView>> RegenerateAsync(AdminCall call, CancellationToken cancellationToken) =>
        await call.Services.Authority.CertificateLists.RegenerateAsync(call.Path("authority"), cancellationToken) is { } list
            ? new Outcome<CertificateListView>.Done(AdminMapping.View(list.Record))
            : await call.RefuseAsync<CertificateListView>(new PkiProblem(PkiProblemKind.NotFound, "there is no CA of that name"), cancellationToken);

    internal static PkiProblem BadSerial => new(PkiProblemKind.MalformedRequest, "a serial number is 1 to 20 octets in hexadecimal, for example 5f:0a:…");

    /// <summary>Content octets of the INTEGER, minimal: what people paste may carry colons or superfluous zeros.</summary>
    internal static byte[]? Serial(string text)
    {
        var digits = text.Replace(":", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
        if (digits.Length is 0 or > 64 || !digits.All(char.IsAsciiHexDigit))
        {
            return null;
        }

        var octets = Convert.FromHexString(digits.Length % 2 == 0 ? digits : "0" + digits).AsSpan().TrimStart((byte)0);
        byte[] serial = octets.IsEmpty ? [0] : octets[0] >= 0x80 ? [0, .. octets] : [.. octets];
        return serial.Length <= 21 ? serial : null;
    }
}
