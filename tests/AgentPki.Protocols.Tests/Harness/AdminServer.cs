using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Serialization.Metadata;
using AgentPki.Authority.Audit;
using AgentPki.Authority.Composition;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Admin;
using AgentPki.Protocols.Health;
using AgentPki.Testing.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Protocols.Tests.Harness;

/// <summary>The admin API on a real Unix socket in front of a whole authority.</summary>
internal sealed class AdminServer : IAsyncDisposable
{
    public const string Actor = "admin:uid=1000,development";
    private readonly TestServer _server;
    private readonly DirectoryInfo _folder;

    private AdminServer(TestServer server, TestAuthority authority, DirectoryInfo folder, HttpClient client) => (_server, Authority, _folder, Client) = (server, authority, folder, client);

    public TestAuthority Authority { get; }

    /// <summary>Talks to the socket.</summary>
    public HttpClient Client { get; }

    /// <summary>Talks to the plain TCP port: not an administrator.</summary>
    public HttpClient Stranger => _server.Client(to: _server.Http);

    public static async Task<AdminServer> StartAsync(Func<AdminServices, AdminServices>? configure = null, Func<AuthorityEnvironment, AuthorityEnvironment>? surroundings = null)
    {
        var folder = Directory.CreateTempSubdirectory("ap-");
        var socket = Path.Combine(folder.FullName, "a.sock");
        var authority = await TestAuthority.StartAsync(surroundings: surroundings);
        var services = new AdminServices
        {
            Authority = authority.Services,
            Readiness = new Ready(authority),
            Caller = (context, _) => ValueTask.FromResult<AdminIdentification>(context.Connection.RemoteIpAddress is null
                ? new AdminIdentification.Known(AdminCaller.Development(1000, fourEyes: false))
                : new AdminIdentification.Unknown(AuditTrail.Stranger, new PkiProblem(PkiProblemKind.Unauthenticated, "nobody"))),
            Version = "1.2.3",
            Time = authority.Time,
            Logger = NullLogger.Instance,
        };
        var server = await TestServer.StartAsync(routes => routes.MapAdmin(configure?.Invoke(services) ?? services), socket);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await client.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
                return new NetworkStream(client, ownsSocket: true);
            },
        };
        return new AdminServer(server, authority, folder, new HttpClient(handler) { BaseAddress = new Uri("http://admin/admin/v1/") });
    }

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type) => (await Client.GetFromJsonAsync(path, type, TestContext.Current.CancellationToken))!;

    public async Task<T> PostAsync<T>(string path, string json, JsonTypeInfo<T> type)
    {
        using var answer = await Client.PostAsync(path, new StringContent(json, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")), TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (await answer.Content.ReadFromJsonAsync(type, TestContext.Current.CancellationToken))!;
    }

    public async Task<ProblemView> RefusedAsync(HttpMethod method, string path, string? json, HttpStatusCode status)
    {
        using var message = new HttpRequestMessage(method, path) { Content = json is null ? null : new StringContent(json, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        using var answer = await Client.SendAsync(message, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == answer.StatusCode, $"{(int)answer.StatusCode}: {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = System.Text.Json.JsonSerializer.Deserialize(text, AdminJson.Default.ProblemView)!;
        Assert.Equal((int)status, problem.Status);
        Assert.Equal(answer.Headers.GetValues("X-Correlation-Id").Single(), problem.CorrelationId);
        return problem;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        await Authority.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private sealed class Ready(TestAuthority authority) : IReadiness
    {
        public async ValueTask<IReadOnlyList<string>> ReasonsAgainstAsync(CancellationToken cancellationToken) =>
            await authority.Services.WhyNotReadyAsync(cancellationToken) is { } reason ? [reason] : [];
    }
}
