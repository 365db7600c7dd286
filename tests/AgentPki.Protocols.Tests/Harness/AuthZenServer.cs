using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using AgentPki.Authority.Enrollment;
using AgentPki.Protocols.AuthZen;
using AgentPki.Protocols.Composition;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Revocations;
using AgentPki.Testing.Fixtures;
using AgentPki.X509.Requests;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>The Authorization API over real TLS in front of a whole authority, and a service that may ask.</summary>
internal sealed class AuthZenServer : IAsyncDisposable
{
    private readonly TestServer _server;
    private readonly ProtocolServices _services;

    private AuthZenServer(TestServer server, TestDecider decider, ProtocolServices services, X509Certificate2 guard) => (_server, Decider, _services, Guard, Client) = (server, decider, services, guard, server.Client(guard));

    public TestDecider Decider { get; }

    public TestAuthority Authority => Decider.Authority;

    public TestServer Server => _server;

    /// <summary>The certificate, with its key, of the service that may ask.</summary>
    public X509Certificate2 Guard { get; }

    /// <summary>As the service that may ask.</summary>
    public HttpClient Client { get; }

    public static async Task<AuthZenServer> StartAsync(params (string File, string Yaml)[] policies)
    {
        var authority = await TestAuthority.StartAsync();
        var decider = await TestDecider.StartAsync(authority, policies: policies);
        var options = new ProtocolOptions { StatusRate = RequestShare.Unlimited };
        var services = new ProtocolServices(authority.Services, authority.Providers, options, authority.Time, NullLoggerFactory.Instance, decider.Decisions);
        var server = await TestServer.StartAsync(routes =>
        {
            routes.MapAuthZen(services.AuthZen ?? throw new InvalidOperationException());
            routes.MapRevocations(services.Revocations);
        });
        return new AuthZenServer(server, decider, services, await EnrollAsync(authority, TestDecider.Guard, "/guard/*"));
    }

    /// <summary>Enrols somebody under that name, with his key.</summary>
    public static async Task<X509Certificate2> EnrollAsync(TestAuthority authority, string spiffeId, string? pattern = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(spiffeId));
        request.CertificateExtensions.Add(names.Build());
        var outcome = await authority.EnrollAsync(Pkcs10Request.Parse(request.CreateSigningRequest()), await authority.CredentialAsync(pattern: pattern));
        var issued = Assert.IsType<EnrollmentOutcome.Issued>(outcome);
        using var certificate = X509CertificateLoader.LoadCertificate(issued.Certificate.Der.Span);
        return certificate.CopyWithPrivateKey(key);
    }

    public Task<X509Certificate2> AgentAsync(string name) => EnrollAsync(Authority, $"spiffe://agents.test/agent/{name}");

    public async Task<(int Status, JsonElement Json, HttpResponseHeaders Headers)> PostAsync(string path, string json, string type = "application/json", HttpClient? client = null, string? requestId = null)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue(type)) };
        if (requestId is not null)
        {
            message.Headers.Add("X-Request-ID", requestId);
        }

        using var answer = await (client ?? Client).SendAsync(message, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType == "application/json" ? JsonDocument.Parse(text).RootElement : default, answer.Headers);
    }

    /// <summary>The subject of a request, with its certificate, as JSON.</summary>
    public static string Subject(X509Certificate2 certificate, string name, string more = "") =>
        $$$$"""{"type":"agent","id":"spiffe://agents.test/agent/{{{{name}}}}","properties":{"x5c":["{{{{Convert.ToBase64String(certificate.RawData)}}}}"]{{{{more}}}}}}""";

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        await _services.DisposeAsync();
        await Decider.DisposeAsync();
        await Authority.DisposeAsync();
    }
}
