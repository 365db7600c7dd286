using AgentPki.Authority.Composition;
using AgentPki.Authority.Decisions;
using AgentPki.Authority.Recovery;
using AgentPki.Protocols.Acme;
using AgentPki.Protocols.Admin;
using AgentPki.Protocols.AuthZen;
using AgentPki.Protocols.CertificateLists;
using AgentPki.Protocols.Composition;
using AgentPki.Protocols.Est;
using AgentPki.Protocols.Health;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.OAuth;
using AgentPki.Protocols.Ocsp;
using AgentPki.Protocols.Revocations;
using AgentPki.Protocols.Tiles;
using AgentPki.Server.Administration;
using AgentPki.Server.Cli;
using AgentPki.Server.Configuration;
using AgentPki.Server.Hosting;

namespace AgentPki.Server.Composition;

/// <summary>The one list of what is served, and at which door. A new protocol is one line here.</summary>
internal sealed class ApplianceEndpoints : IAsyncDisposable
{
    /// <summary>
    /// What an ACME client asks for a certificate, where an EST client asks once: nonce, order, authorization, challenge, a look at it, finalize, a look at the order and the
    /// certificate are eight for one name; each further name is three more: five names.
    /// </summary>
    private const int AcmeRequests = 20;

    private readonly ApplianceParts _parts;
    private readonly AuthorityServices _authority;
    private readonly AuthorityFollowers _followers;
    private readonly CommandContext _context;
    private readonly DecisionAuthority _decisions;
    private readonly ProtocolServices _protocols;
    private readonly AdminServices _admin;

    internal ApplianceEndpoints(ApplianceParts parts, AuthorityServices authority, RecoveryDesk recovery, DecisionAuthority decisions, AuthorityFollowers followers, CommandContext context)
    {
        _decisions = decisions;
        (_parts, _authority, _followers, _context) = (parts, authority, followers, context);
        _admin = new AdminServices
        {
            Authority = authority,
            Readiness = new Readiness(parts.Tokens, authority),
            Recovery = recovery,
            Checks = _ => ValueTask.FromResult<IReadOnlyList<CheckView>>(
            [
                .. recovery.Shipping?.Status is { } shipping ? new[] { new CheckView("shipping", shipping.Problem is null, shipping.Problem ?? $"everything lies in {shipping.Generation}") } : [],
                new CheckView("policies", decisions.Policies.Problem is null, decisions.Policies.Problem ?? $"{decisions.Policies.Current?.Set.Policies.Length ?? 0} are in force"),
                new CheckView("decisions", decisions.Journal.Problem is null, decisions.Journal.Problem ?? $"written down by node {decisions.Journal.Node}"),
            ]),
            FollowAuthorities = followers.FollowAsync,
            Caller = new AdminCallers(parts.Options, authority.Administrators).IdentifyAsync,
            IsDevelopment = parts.Options.Development,
            FourEyes = parts.Options.Governance.FourEyes,
            Profiles = new ProfileFolder(parts.Home),
            Decisions = decisions,
            PolicyFolder = new PolicyFolder(parts.Home),
            Locks = parts.Locks,
            Version = VersionText.Number,
            Time = context.Clock,
            Logger = parts.Environment.Loggers.CreateLogger("AgentPki.Protocols.Admin"),
        };
        _protocols = new ProtocolServices(authority, parts.Providers, OptionsOf(parts.Options), context.Clock, parts.Environment.Loggers, decisions);
    }

    internal void Configure(IServiceCollection services) => services.AddTelemetry(_parts.Options.Metrics, _context.Variable);

    internal void Map(WebApplication app)
    {
        var https = app.MapAt(ListenerKind.Https);
        https.MapEst(_protocols.Est);
        https.MapAcme(_protocols.Acme);
        if (_protocols.OAuth is { } oauth)
        {
            https.MapOAuth(oauth);
        }

        if (_protocols.AuthZen is { } decisions)
        {
            https.MapAuthZen(decisions);
        }

        var http = app.MapAt(ListenerKind.Http);
        http.MapCertificateLists(_protocols.CertificateLists);
        http.MapOcsp(_protocols.Ocsp);
        http.MapHealth(_admin.Readiness, _context.Clock, () => _decisions.Remarks);
        http.MapMetrics(_parts.Options.Metrics);

        var both = app.MapAt(ListenerKind.Http, ListenerKind.Https);
        both.MapRevocations(_protocols.Revocations);
        if (_protocols.OAuth is { } tokens)
        {
            both.MapOAuthKeys(tokens);
        }

        if (_parts.Options.Ledger.Publish)
        {
            both.MapTiles(_protocols.Tiles);
        }

        var admin = app.MapAt(ListenerKind.Admin);
        admin.MapAdmin(_admin);
    }

    /// <summary>Finishes what administrators had approved when the appliance ended.</summary>
    internal ValueTask ResumeAsync(CancellationToken cancellationToken) => AdminEndpoints.ResumeAsync(_admin, cancellationToken);

    private static RequestShare Times(RequestShare share, int factor) => share == RequestShare.Unlimited ? share : new RequestShare(share.PerSecond * factor, share.Burst * factor);

    public ValueTask DisposeAsync() => _protocols.DisposeAsync();

    private static ProtocolOptions OptionsOf(ApplianceOptions options)
    {
        var limits = options.Limits;
        var share = limits.RequestsPerSecond == 0 ? RequestShare.Unlimited : new RequestShare(limits.RequestsPerSecond, limits.Burst);
        return new ProtocolOptions
        {
            Clients = new ClientIdentityOptions { TrustedProxies = options.Listen.TrustedProxies, TrustUnixSocket = options.Listen.ProxySocket.Length > 0 },
            Acme = new AcmeWireOptions { Nonces = options.Acme.Nonces },
            EnrollmentRates = new RequestRateOptions { Address = share, Certificate = share, Credential = share },
            AcmeRates = new RequestRateOptions { Address = Times(share, AcmeRequests), Certificate = Times(share, AcmeRequests), Credential = RequestShare.Unlimited },
            AcmeAccountRate = limits.RequestsPerSecond == 0 ? RequestShare.Unlimited : new RequestShare(10, 100),
            Revocations = options.Revocations.Wire,
            LedgerQuorum = options.Ledger.Quorum,
            StatusRate = limits.StatusPerSecond == 0 ? RequestShare.Unlimited : new RequestShare(limits.StatusPerSecond, 2 * limits.StatusPerSecond),
        };
    }
}
