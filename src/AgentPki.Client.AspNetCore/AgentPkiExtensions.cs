using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Peers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace AgentPki.Client.AspNetCore;

/// <summary>
/// ASP.NET Core with agents as its users: <c>services.AddAgentPki(…)</c>, and <c>RequireAuthorization()</c> where somebody is asked for. Revoked agents are refused within the TLS handshake, and
/// their open connections are cut.
/// </summary>
public static class AgentPkiExtensions
{
    /// <summary>Authenticates by client certificate on every HTTPS endpoint of Kestrel; it is the default scheme unless another one is chosen.</summary>
    public static AuthenticationBuilder AddAgentPki(this IServiceCollection services, Action<AgentPkiOptions> configure)
    {
        services.AddOptions<AgentPkiOptions>().Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static provider => new PeerGate(Options(provider).GateOptions(), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(static provider => new ConnectionPeers(provider.GetRequiredService<PeerGate>(), Options(provider).Demand()));
        services.AddHostedService<GateWarmUp>();
        services.AddOptions<KestrelServerOptions>().Configure<IServiceProvider>(static (kestrel, provider) => kestrel.ConfigureHttpsDefaults(https =>
            Secure(https, provider.GetRequiredService<ConnectionPeers>(), Options(provider).RequireCertificate)));
        services.AddAuthorization();
        return services.AddAuthentication(AgentPkiDefaults.Scheme).AddScheme<AuthenticationSchemeOptions, AgentPkiHandler>(AgentPkiDefaults.Scheme, null);
    }

    /// <summary>Whose connection this is, once authentication ran; null: nobody's.</summary>
    public static Peer? GetPeer(this HttpContext context) => context.Features.Get<Peer>();

    /// <summary>Asks for client certificates and refuses known bad ones within the handshake.</summary>
    public static void Secure(HttpsConnectionAdapterOptions https, ConnectionPeers peers, bool requireCertificate)
    {
        https.ClientCertificateMode = requireCertificate ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.AllowCertificate;
        https.CheckCertificateRevocation = false;
        https.ClientCertificateValidation = (certificate, chain, _) => peers.Judge(certificate, chain) is null;
        https.OnAuthenticate = static (_, options) =>
        {
            options.CertificateRevocationCheckMode = X509RevocationMode.NoCheck;
            options.CertificateChainPolicy = PeerTls.NoLookups();
        };
    }

    private static AgentPkiOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<AgentPkiOptions>>().Value;
}
