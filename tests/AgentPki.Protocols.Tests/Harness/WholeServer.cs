using AgentPki.Authority.Composition;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Profiles;
using AgentPki.Protocols.CertificateLists;
using AgentPki.Protocols.Composition;
using AgentPki.Protocols.Est;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Ocsp;
using AgentPki.Testing.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>The protocols in front of a whole authority: in-memory store, software keys, a clock that tests move.</summary>
internal sealed class WholeServer : IAsyncDisposable
{
    private WholeServer(TestServer server, TestAuthority authority, ProtocolServices services) => (Server, Authority, Services) = (server, authority, services);

    public TestServer Server { get; }

    public TestAuthority Authority { get; }

    public ProtocolServices Services { get; }

    /// <param name="profiles">Null: the default profiles.</param>
    /// <param name="ceremony">Changes the ceremony's options, for other algorithms.</param>
    /// <param name="surroundings">Changes what the authority stands on.</param>
    public static async Task<WholeServer> StartAsync(
        ProfileCatalog? profiles = null, Func<CeremonyOptions, CeremonyOptions>? ceremony = null, Func<AuthorityEnvironment, AuthorityEnvironment>? surroundings = null)
    {
        var authority = await TestAuthority.StartAsync(profiles: profiles, ceremony: ceremony, surroundings: surroundings);
        var options = new ProtocolOptions
        {
            EnrollmentRates = new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited },
            StatusRate = RequestShare.Unlimited,
        };
        var services = new ProtocolServices(authority.Services, authority.Providers, options, authority.Time, NullLoggerFactory.Instance);
        var server = await TestServer.StartAsync(routes =>
        {
            routes.MapEst(services.Est);
            routes.MapOcsp(services.Ocsp);
            routes.MapCertificateLists(services.CertificateLists);
        });
        return new WholeServer(server, authority, services);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Services.DisposeAsync();
        await Authority.DisposeAsync();
    }
}
