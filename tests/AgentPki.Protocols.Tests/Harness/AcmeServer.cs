using AgentPki.Authority;
using AgentPki.Authority.Acme;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Authority.Profiles;
using AgentPki.Protocols.Acme;
using AgentPki.Protocols.Acme.Attestation;
using AgentPki.Protocols.Acme.AuthorityTokens;
using AgentPki.Protocols.Composition;
using AgentPki.Protocols.Http;
using AgentPki.Testing.Acme;
using AgentPki.Testing.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>ACME over a real TLS connection in front of a whole authority; the challenges are judged by the test.</summary>
internal sealed class AcmeServer : IAsyncDisposable
{
    private readonly TestServer _server;
    private readonly ProtocolServices _services;
    private readonly SoftwareWrapper _wrapper;
    private readonly List<AcmeTestClient> _clients = [];

    private AcmeServer(TestServer server, TestAuthority authority, HookedAcmeStore store, ProtocolServices services, SoftwareWrapper wrapper, ScriptedValidator http01, ScriptedValidator dns01) =>
        (_server, Authority, Store, _services, _wrapper, Http01, Dns01) = (server, authority, store, services, wrapper, http01, dns01);

    public SoftwareWrapper Wrapper => _wrapper;

    /// <summary>Every entry of the ledger from that index on.</summary>
    public async Task<IReadOnlyList<(AgentPki.Ledger.LedgerEntryKind Kind, AgentPki.Ledger.LedgerDetails? Details)>> EntriesAsync(long from)
    {
        var found = new List<(AgentPki.Ledger.LedgerEntryKind, AgentPki.Ledger.LedgerDetails?)>();
        await foreach (var record in Authority.Store.ReadAsync(from, TestContext.Current.CancellationToken))
        {
            found.Add((record.Leaf.Kind, record.Details));
        }

        return found;
    }

    /// <summary>The store as ACME reads it, to be held up or to fail.</summary>
    public HookedAcmeStore Store { get; }

    public TestAuthority Authority { get; }

    public AcmeAuthority Acme => Authority.Services.Acme;

    public ScriptedValidator Http01 { get; }

    public ScriptedValidator Dns01 { get; }

    public Uri Https => _server.Https;

    public static async Task<AcmeServer> StartAsync(AcmeOptions? options = null, ProfileCatalog? profiles = null, AcmeWireOptions? wire = null, RequestRateOptions? rates = null, ICaaChecker? caa = null, RequestShare? accountRate = null, DeviceAttestationOptions? attestation = null, AuthorityTokenOptions? tokens = null)
    {
        var (http01, dns01, wrapper) = (new ScriptedValidator("http-01", "dns", "ip"), new ScriptedValidator("dns-01", "dns"), new SoftwareWrapper());
        HookedAcmeStore? store = null;
        var authority = await TestAuthority.StartAsync(
            TestAuthority.DefaultOptions with { Acme = options ?? new AcmeOptions() },
            profiles,
            surroundings: e => e with
            {
                Stores = e.Stores with { Acme = store = new HookedAcmeStore(e.Stores.Acme) },
                ChallengeValidators =
                [
                    http01,
                    dns01,
                    .. DeviceAttestation.Validators(attestation ?? new DeviceAttestationOptions(), e.Providers, e.Time),
                    .. AuthorityTokenChallenge.Validators(tokens ?? new AuthorityTokenOptions(), e.Providers, e.Time),
                ],
                Wrapper = wrapper,
                Caa = caa,
            });
        var unlimited = new RequestRateOptions { Address = RequestShare.Unlimited, Certificate = RequestShare.Unlimited, Credential = RequestShare.Unlimited };
        var services = new ProtocolServices(
            authority.Services, authority.Providers, new ProtocolOptions { AcmeRates = rates ?? unlimited, AcmeAccountRate = accountRate ?? RequestShare.Unlimited, EnrollmentRates = unlimited, Acme = wire ?? new AcmeWireOptions() }, authority.Time, NullLoggerFactory.Instance);
        var server = await TestServer.StartAsync(routes => routes.MapAcme(services.Acme));
        return new AcmeServer(server, authority, store!, services, wrapper, http01, dns01);
    }

    /// <summary>A client without an account.</summary>
    public AcmeTestClient Client()
    {
        var client = new AcmeTestClient(_server.Client(), new Uri(_server.Https, "/acme/directory"));
        _clients.Add(client);
        return client;
    }

    /// <summary>A client with an account.</summary>
    public async Task<AcmeTestClient> RegisteredAsync()
    {
        var client = Client();
        Assert.Null((await client.RegisterAsync()).Problem);
        return client;
    }

    /// <summary>A client that reaches this server whatever host it names, as behind a proxy that does not pass the host on.</summary>
    public AcmeTestClient ClientOf(string origin)
    {
        var client = new AcmeTestClient(new HttpClient(new Proxy(_server.Client(), _server.Https), disposeHandler: true), new Uri(origin + "/acme/directory"));
        _clients.Add(client);
        return client;
    }

    private sealed class Proxy(HttpClient to, Uri server) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var forwarded = new HttpRequestMessage(request.Method, new Uri(server, request.RequestUri!.PathAndQuery)) { Content = request.Content };
            return await to.SendAsync(forwarded, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            to.Dispose();
            base.Dispose(disposing);
        }
    }

    public HttpClient Plain() => _server.Client();

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        await _server.DisposeAsync();
        await _services.DisposeAsync();
        await Authority.DisposeAsync();
        _wrapper.Dispose();
    }
}
