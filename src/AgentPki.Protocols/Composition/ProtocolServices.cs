using AgentPki.Authority.Composition;
using AgentPki.Authority.Decisions;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme;
using AgentPki.Protocols.Acme.Jws;
using AgentPki.Protocols.Acme.Nonces;
using AgentPki.Protocols.AuthZen;
using AgentPki.Protocols.CertificateLists;
using AgentPki.Protocols.Est;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.OAuth;
using AgentPki.Protocols.Ocsp;
using AgentPki.Protocols.Revocations;
using AgentPki.Protocols.Tiles;
using AgentPki.X509.Certificates;
using Microsoft.Extensions.Logging;

namespace AgentPki.Protocols.Composition;

/// <summary>The protocols' object graph over one running authority, written out: each property goes to its <c>MapX</c>.</summary>
public sealed class ProtocolServices : IAsyncDisposable
{
    private readonly RequestRates _enrollment;
    private readonly RequestRates _acme;
    private readonly RequestRates _acmeAccounts;
    private readonly RequestRates _status;

    /// <param name="decisions">Null: nothing decides actions here.</param>
    public ProtocolServices(AuthorityServices authority, CryptoProviders providers, ProtocolOptions options, TimeProvider time, ILoggerFactory loggers, DecisionAuthority? decisions = null)
    {
        _enrollment = new RequestRates(options.EnrollmentRates);
        _status = new RequestRates(new RequestRateOptions { Address = options.StatusRate, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited });
        var clients = new ClientIdentity(options.Clients, certificate => IsIssuedHere(authority, providers, certificate));
        Est = new EstServices
        {
            Enroll = authority.Registration.EnrollAsync,
            Refuse = authority.Registration.RefuseAsync,
            ProfileFor = authority.Registration.ProfileForAsync,
            Chain = profile => authority.Issuers.DistributionFor(profile, time.GetUtcNow()),
            CmsSigner = authority.CmsSigners.CurrentAsync,
            Providers = providers,
            Profiles = authority.Profiles,
            Clients = clients,
            Rates = _enrollment,
            Options = options.Est,
            Time = time,
            Logger = loggers.CreateLogger("AgentPki.Protocols.Est"),
        };
        _acme = new RequestRates(options.AcmeRates);
        _acmeAccounts = new RequestRates(new RequestRateOptions { Address = options.AcmeAccountRate, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited });
        var nonces = new AcmeNonces(options.Acme.Nonces, time);
        Acme = new AcmeServices
        {
            Authority = authority.Acme,
            Refuse = authority.Audit.RefuseAsync,
            Nonces = nonces,
            Requests = new AcmeRequestReader(nonces, providers),
            Providers = providers,
            Clients = clients,
            Rates = _acme,
            NewAccountRates = _acmeAccounts,
            Options = options.Acme,
            Time = time,
            Logger = loggers.CreateLogger("AgentPki.Protocols.Acme"),
        };
        OAuth = authority.OAuth is { } oauth
            ? new OAuthServices { Authority = oauth, Clients = clients, Rates = _enrollment, Time = time, Logger = loggers.CreateLogger("AgentPki.Protocols.OAuth") }
            : null;
        Ocsp = new OcspServices { Respond = authority.Ocsp.RespondAsync, Clients = clients, Rates = _status, Options = options.Ocsp, Time = time };
        CertificateLists = new CertificateListServices { Current = authority.CertificateLists.CurrentAsync, Chain = Chain, Time = time };
        Revocations = new RevocationServices
        {
            Feed = authority.Feed,
            Subscribers = new FeedSubscribers(authority.Feed, options.Revocations, time),
            Clients = clients,
            Rates = _status,
            Options = options.Revocations,
            Time = time,
        };
        Tiles = new TileServices { Ledger = authority.Stores.Ledger, Clients = clients, Rates = _status, Time = time, Quorum = options.LedgerQuorum };

        AuthZen = decisions is null ? null : new AuthZenServices { Decisions = decisions, Refuse = authority.Audit.RefuseAsync, Clients = clients, Rates = _status, Time = time, Logger = loggers.CreateLogger("AgentPki.Protocols.AuthZen") };

        IReadOnlyList<Certificate> Chain(string name) => authority.Issuers.Find(name)?.Chain ?? [];
    }

    public EstServices Est { get; }

    public AcmeServices Acme { get; }

    /// <summary>Null: access tokens are not switched on.</summary>
    public OAuthServices? OAuth { get; }

    public OcspServices Ocsp { get; }

    public CertificateListServices CertificateLists { get; }

    public RevocationServices Revocations { get; }

    public TileServices Tiles { get; }

    /// <summary>Null: nothing decides actions here.</summary>
    public AuthZenServices? AuthZen { get; }

    public async ValueTask DisposeAsync()
    {
        Revocations.Subscribers.Dispose();
        await (OAuth?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _enrollment.DisposeAsync();
        await _acme.DisposeAsync();
        await _acmeAccounts.DisposeAsync();
        await _status.DisposeAsync();
    }

    private static bool IsIssuedHere(AuthorityServices authority, CryptoProviders providers, Certificate certificate) =>
        authority.Issuers.FindIssuerOf(certificate) is { } issuer && certificate.VerifySignature(issuer.Certificate.PublicKey, providers);
}
