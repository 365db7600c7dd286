using System.Net;
using System.Net.Http.Headers;
using System.Text;
using AgentPki.Authority.Cms;
using AgentPki.Authority.Profiles;
using AgentPki.Protocols.Est;
using AgentPki.Protocols.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>EST over a real TLS connection in front of a <see cref="ScriptedAuthority"/>.</summary>
internal sealed class EstServer : IAsyncDisposable
{
    public const string Root = "/.well-known/est/";
    private readonly TestServer _server;
    private readonly RequestRates _rates;

    private EstServer(TestServer server, ScriptedAuthority authority, RequestRates rates) => (_server, Authority, _rates) = (server, authority, rates);

    public ScriptedAuthority Authority { get; }

    public TestServer Server => _server;

    public static async Task<EstServer> StartAsync(ClientIdentityOptions? identity = null, RequestRateOptions? rates = null, EstOptions? options = null, string? socket = null, Func<EstServices, EstServices>? configure = null)
    {
        var authority = new ScriptedAuthority();
        var limits = new RequestRates(rates ?? new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited });
        var services = new EstServices
        {
            Enroll = authority.EnrollAsync,
            Refuse = authority.RefuseAsync,
            ProfileFor = (_, label, _) => ValueTask.FromResult(ProfileCatalog.Defaults().FindByLabel(label) is { Use: ProfileUse.Agent } profile ? profile : null),
            Chain = _ => authority.Chain,
            CmsSigner = _ => ValueTask.FromResult<CmsSigner?>(null),
            Providers = TestProviders.All,
            Profiles = ProfileCatalog.Defaults(),
            Clients = new ClientIdentity(identity ?? new ClientIdentityOptions(), authority.Issued),
            Rates = limits,
            Options = options ?? new EstOptions(),
            Time = TimeProvider.System,
            Logger = NullLogger.Instance,
        };
        services = configure?.Invoke(services) ?? services;
        return new EstServer(await TestServer.StartAsync(routes => routes.MapEst(services), socket), authority, limits);
    }

    public HttpClient Client(System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null, Version? version = null) => _server.Client(certificate, version: version);

    public static HttpRequestMessage Post(string operation, string body, string? basic = "dev:secret", string type = "application/pkcs10") =>
        Post(operation, Encoding.Latin1.GetBytes(body), basic, type);

    public static HttpRequestMessage Post(string operation, byte[] body, string? basic = "dev:secret", string? type = "application/pkcs10")
    {
        var message = new HttpRequestMessage(HttpMethod.Post, Root + operation) { Content = new ByteArrayContent(body), Version = HttpVersion.Version11 };
        if (type is not null)
        {
            message.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        if (basic is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(basic)));
        }

        return message;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _rates.DisposeAsync();
    }
}
