using AgentPki.Authority.Composition;
using AgentPki.Protocols.Est;
using AgentPki.Protocols.Health;
using AgentPki.Protocols.Http;
using AgentPki.Server.Cli;
using AgentPki.Server.Hosting;

namespace AgentPki.Server.Composition;

/// <summary>The one list of what is served, and at which door. A new protocol is one line here.</summary>
internal sealed class ApplianceEndpoints(ApplianceParts parts, AuthorityServices authority, CommandContext context)
{
    internal void Configure(IServiceCollection services) => services.AddTelemetry(parts.Options.Metrics, context.Variable);

    internal void Map(WebApplication app)
    {
        var limits = parts.Options.Limits;
        var share = new RequestShare(limits.RequestsPerSecond, limits.RequestsPerSecond == 0 ? 0 : limits.Burst);
        var rates = new RequestRates(new RequestRateOptions { Address = share, Certificate = share, Credential = share });
        app.Lifetime.ApplicationStopped.Register(() => _ = rates.DisposeAsync().AsTask());
        var listen = parts.Options.Listen;
        var clients = new ClientIdentity(
            new ClientIdentityOptions { TrustedProxies = listen.TrustedProxies, TrustUnixSocket = listen.ProxySocket.Length > 0 },
            certificate => authority.Issuers.FindBySubject(certificate.Issuer) is { } issuer && certificate.VerifySignature(issuer.Certificate.PublicKey, parts.Providers));

        var https = app.MapAt(ListenerKind.Https);
        https.MapEst(new EstServices
        {
            Enroll = authority.Registration.EnrollAsync,
            Refuse = authority.Audit.RefuseAsync,
            Chain = name => authority.Issuers.Find(name)?.Chain ?? [],
            Profiles = authority.Profiles,
            Clients = clients,
            Rates = rates,
            Options = new EstOptions(),
            Time = context.Clock,
            Logger = parts.Environment.Loggers.CreateLogger("AgentPki.Protocols.Est"),
        });

        var http = app.MapAt(ListenerKind.Http);
        http.MapHealth(new Readiness(parts.Token, authority), context.Clock);
        http.MapMetrics(parts.Options.Metrics);
    }
}
