using AgentPki.Agents;
using AgentPki.Agents.Registry;
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
            Limit, new AdminParameter("agent", "string", "Only those of this SPIFFE ID."), new AdminParameter("serial", "string", "Only those of this serial number, hexadecimal."),
            new AdminParameter("owner", "string", "Only those of this owner's agents."), new AdminParameter("after", "string", "Those that are older than this one: the 'next' of the page before.")),
        AdminOperation.Of(HttpMethods.Get, "/certificates/{authority}/{serial}", "getCertificate", AdminAccess.Readers.AndOwners(), "One certificate with its PEM.", AdminJson.Default.CertificateView, FindAsync),
        AdminOperation.Of(HttpMethods.Get, "/agents", "listAgents", AdminAccess.Readers.AndOwners(), "Agents, newest first.", AdminJson.Default.AgentsView, AgentsAsync, Limit, new AdminParameter("id", "string", "Only this SPIFFE ID."),
            new AdminParameter("owner", "string", "Only those of this owner."), new AdminParameter("state", "string", "active, suspended or retired."), new AdminParameter("tier", "string", "low, medium, high or critical."), new AdminParameter("parent", "string", "Only children of this SPIFFE ID."),
            new AdminParameter("orphans", "string", "true: only active ones whose owner has left."), new AdminParameter("overdue", "string", "true: only active ones whose review is overdue."), new AdminParameter("after", "string", "Those that came before this one: the 'next' of the page before.")),
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
        if (call.Query("serial") is { } text)
        {
            return Serial(text) is { } serial
                ? View(await AdminOwnership.OwnAsync(call, await FindEverywhereAsync(call, serial, cancellationToken), cancellationToken), null)
                : new Outcome<CertificatesView>.Refused(BadSerial);
        }

        if (call.Query("agent") is { } agent)
        {
            return View(await AdminOwnership.OwnAsync(call, await certificates.ListByAgentAsync(agent, limit, cancellationToken), cancellationToken), null);
        }

        CertificateCursor? after = null;
        if (call.Query("after") is { } cursor && (after = Cursor(cursor)) is null)
        {
            return new Outcome<CertificatesView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "'after' must be the 'next' of another page: CA/SERIAL"));
        }

        var found = await certificates.ListAsync(AdminOwnership.Among(call, call.Query("owner")), after, limit, cancellationToken);
        return View(found, found.Count == limit ? $"{found[^1].Certificate.Authority}/{Convert.ToHexStringLower(found[^1].Certificate.Serial)}" : null);
    }

    private static Outcome<CertificatesView> View(IReadOnlyList<StoredCertificate> found, string? next) =>
        new Outcome<CertificatesView>.Done(new CertificatesView([.. found.Select(c => AdminMapping.View(c, withPem: false))], next));

    private static CertificateCursor? Cursor(string text) =>
        text.LastIndexOf('/') is > 0 and var slash && Serial(text[(slash + 1)..]) is { } serial ? new CertificateCursor(text[..slash], serial) : null;

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

        if (call.Limit() is not Outcome<int>.Done(var limit))
        {
            return new Outcome<AgentsView>.Refused(((Outcome<int>.Refused)call.Limit()).Problem);
        }

        if (QueryOf(call) is not { } query)
        {
            return new Outcome<AgentsView>.Refused(new PkiProblem(PkiProblemKind.MalformedRequest, "'state' must be active, suspended or retired, 'tier' low, medium, high or critical, 'orphans' and 'overdue' true or false"));
        }

        var found = await agents.ListAsync(query, limit, cancellationToken);
        return new Outcome<AgentsView>.Done(new AgentsView([.. found.Select(AdminMapping.View)], found.Count == limit ? found[^1].Id : null));
    }

    /// <summary>What is asked for; null: a word of it is none.</summary>
    private static AgentQuery? QueryOf(AdminCall call)
    {
        var (state, tier) = ((AgentState?)null, (RiskTier?)null);
        if (call.Query("state") is { } stateText && (state = Enum.TryParse<AgentState>(stateText, ignoreCase: true, out var parsed) && stateText.All(char.IsAsciiLetter) ? parsed : null) is null)
        {
            return null;
        }

        if (call.Query("tier") is { } tierText && !RiskTiers.TryParse(tierText, out tier))
        {
            return null;
        }

        if (!TryFlag(call, "orphans", out var orphans) || !TryFlag(call, "overdue", out var overdue))
        {
            return null;
        }

        var now = call.Services.Time.GetUtcNow();
        return new AgentQuery
        {
            Owners = AdminOwnership.Among(call, call.Query("owner")),
            State = orphans || overdue ? AgentState.Active : state,
            Tier = tier,
            Parent = call.Query("parent"),
            LeftUntil = orphans ? now : null,
            ReviewBefore = overdue ? DateOnly.FromDateTime(now.UtcDateTime) : null,
            After = call.Query("after"),
        };
    }

    private static bool TryFlag(AdminCall call, string name, out bool flag)
    {
        flag = call.Query(name) == "true";
        return call.Query(name) is null or "true" or "false";
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
