using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Peers;
using AgentPki.Client.Tests.Peers;
using AgentPki.Server.Cli;
using AgentPki.Server.Guard;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace AgentPki.Server.Tests.Guard;

/// <summary>The whole guard over real sockets, before a service that echoes; who speaks of revocation is a stub that signs as an appliance does.</summary>
public sealed class GuardHostTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _streaming = new();
    private readonly TaskCompletionSource _streamEnded = new();
    private int _port;
    private int _adminPort;
    private PeerWorld _world = null!;
    private WebApplication _appliance = null!;
    private WebApplication _service = null!;
    private HttpMessageInvoker _way = null!;
    private GuardHost? _guard;
    private DoorTokens? _tokens;

    public async ValueTask InitializeAsync()
    {
        _world = await PeerWorld.CreateAsync();
        _way = new HttpMessageInvoker(_world.Handler());
        _appliance = await ServeAsync(app => app.Run(ApplianceAsync));
        _service = await ServeAsync(app =>
        {
            app.Map("/headers", (HttpContext context) => string.Concat(context.Request.Headers.Select(h => $"{h.Key.ToLowerInvariant()}={h.Value}\n")));
            app.Map("/raw/{**rest}", (HttpContext context) => context.Features.Get<IHttpRequestFeature>()!.RawTarget);
            app.Map("/slow", (HttpContext context) => Task.Delay(Timeout.Infinite, context.RequestAborted));
            app.Map("/stream", async (HttpContext context) =>
            {
                context.RequestAborted.Register(_streamEnded.SetResult);
                await context.Response.WriteAsync("begun", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                _streaming.SetResult();
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            });
        });
        using var own = _world.Agent("guard/one");
        await File.WriteAllTextAsync(_folder.File("guard.pem"), own.ExportCertificatePem() + "\n" + _world.IssuingCertificate.ExportCertificatePem());
        await File.WriteAllTextAsync(_folder.File("guard.key"), own.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    public async ValueTask DisposeAsync()
    {
        if (_guard is not null)
        {
            await _guard.DisposeAsync();
        }

        await _service.DisposeAsync();
        await _world.DisposeAsync();
        await _appliance.DisposeAsync();
        _way.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Request_OfAnAgent_ArrivesAsItIs_WithItsName_AndNothingMadeUp()
    {
        await StartAsync();
        using var agent = _world.Agent("a/one");
        using var http = Client(agent);
        foreach (var name in new[] { "Client-Cert", "client_cert", "X-SPIFFE-ID", "X_SPIFFE_ID", "X-Forwarded-Client-Cert", "Forwarded", "X-Forwarded-For" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "headers");
            request.Headers.TryAddWithoutValidation(name, "spoofed");
            request.Headers.TryAddWithoutValidation("Connection", "X-SPIFFE-ID, Client-Cert");
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            var headers = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain("spoofed", headers, StringComparison.Ordinal);
            Assert.Contains($"client-cert=:{Convert.ToBase64String(agent.RawData)}:\n", headers, StringComparison.Ordinal);
            Assert.Contains("x-spiffe-id=spiffe://agents.test/a/one\n", headers, StringComparison.Ordinal);
        }

        Assert.Equal("/raw/a%2Fb//c?x=%20&y", await http.GetStringAsync("raw/a%2Fb//c?x=%20&y", TestContext.Current.CancellationToken));
        using var health = await http.GetAsync("healthz", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, health.StatusCode); // the service's, which has none
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Stream_OfARevokedAgent_IsCutAtBothEnds_AndNoNewConnectionMade(int version)
    {
        await StartAsync();
        using var agent = _world.Agent("a/one");
        using var http = Client(agent, version);
        using var bystander = Client(_world.Agent("a/two"), version);
        await bystander.GetStringAsync("headers", TestContext.Current.CancellationToken);
        using var response = await http.GetAsync("stream", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await _streaming.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        var reading = response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => reading.IsCompleted && _streamEnded.Task.IsCompleted);
        Assert.True(reading.IsFaulted);
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync("headers", TestContext.Current.CancellationToken));
        Assert.Contains("a/two", await bystander.GetStringAsync("headers", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var metrics = await AdminAsync("metrics");
        Assert.Contains("agentpki_guard_cut", metrics.Text, StringComparison.Ordinal);
        Assert.Contains("reason=\"Revoked\"", metrics.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_WhereTheyAreAskedFor_PassWithTheirCertificateAlone_AndDieWithIt()
    {
        var (key, _) = await _world.TokenSignerAsync();
        _tokens = new DoorTokens(PeerWorld.Issuer, PeerWorld.Resource);
        await StartAsync();
        using var agent = _world.Agent("a/one");
        using var other = _world.Agent("a/two");
        using var http = Client(agent);
        using var thief = Client(other);
        var token = await PeerWorld.SignAsync(key, _world.Token(agent));

        var (status, challenge, _) = await GetAsync(http, "headers", null);
        Assert.Equal((HttpStatusCode.Unauthorized, "Bearer resource_metadata=\"https://tools.test/.well-known/oauth-protected-resource\""), (status, challenge));
        var metadata = await http.GetStringAsync(".well-known/oauth-protected-resource", TestContext.Current.CancellationToken);
        Assert.Contains("\"authorization_servers\":[\"https://pki.test\"]", metadata, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "headers", token)).Status);
        (status, challenge, _) = await GetAsync(thief, "headers", token);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("error=\"invalid_token\"", challenge, StringComparison.Ordinal);

        // The certificate counts, not the name in it; and one token, not whichever of two a service would take.
        using var again = _world.Agent("a/one");
        using var twin = Client(again);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(twin, "headers", token)).Status);
        using var two = new HttpRequestMessage(HttpMethod.Get, "headers");
        Assert.True(two.Headers.TryAddWithoutValidation("Authorization", [$"Bearer {token}", "Bearer other"]));
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.SendAsync(two, TestContext.Current.CancellationToken)).StatusCode);

        // Of a chain, with somebody above: the connection stays, its token is nothing worth.
        using var parent = _world.Agent("a/parent");
        var exchanged = await PeerWorld.SignAsync(key, _world.Token(parent, agent));
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "headers", exchanged)).Status);
        await _world.RevokeAsync(parent);
        for (var i = 0; (await GetAsync(http, "headers", exchanged)).Status != HttpStatusCode.Unauthorized; i++)
        {
            Assert.True(i < 2000, "It did not happen.");
            await Task.Delay(5);
        }

        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "headers", token)).Status);
        Assert.Contains("agentpki_guard_tokens_refused", (await AdminAsync("metrics")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Strangers_AndWhoIsNotAllowed_AreRefusedWithinTheHandshake()
    {
        await StartAsync();
        await using var elsewhere = await PeerWorld.CreateAsync();
        foreach (var certificate in new[] { null, _world.Agent("b/one"), elsewhere.Agent("a/one") })
        {
            using var http = Client(certificate);
            await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync("headers", TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task Service_Slow_Is504InOneLine()
    {
        await StartAsync(TimeSpan.FromMilliseconds(300));
        using var http = Client(_world.Agent("a/one"));
        using var slow = await http.GetAsync("slow", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.GatewayTimeout, "The service behind this guard did not answer in time.\n"), (slow.StatusCode, await slow.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task Service_Down_Is502InOneLine()
    {
        await StartAsync();
        using var http = Client(_world.Agent("a/one"));
        await _service.StopAsync(TestContext.Current.CancellationToken);
        using var down = await http.GetAsync("headers", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.BadGateway, "The service behind this guard cannot be reached.\n"), (down.StatusCode, await down.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task Feed_Silent_FailsClosed_AndHealthSaysSo()
    {
        await StartAsync();
        using var http = Client(_world.Agent("a/one"));
        await http.GetStringAsync("headers", TestContext.Current.CancellationToken);
        await _world.CutFeedAsync();
        await HealthIsAsync(HttpStatusCode.ServiceUnavailable);
        await Assert.ThrowsAsync<HttpRequestException>(async () =>
        {
            for (var i = 0; i < 500; i++)
            {
                await http.GetStringAsync("headers", TestContext.Current.CancellationToken);
                _world.Clock.Advance(TimeSpan.FromSeconds(1));
            }
        });
        _world.FeedIsDown = false;
        await CurrentAsync();
        await http.GetStringAsync("headers", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Certificate_WhoseFilesChange_IsServedFromThen()
    {
        await StartAsync();
        using var other = _world.Agent("guard/two");
        await File.WriteAllTextAsync(_folder.File("guard.key"), other.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder.File("guard.pem"), other.ExportCertificatePem(), TestContext.Current.CancellationToken);
        string? served = null;
        using var agent = _world.Agent("a/one");
        for (var i = 0; served != other.SerialNumber; i++)
        {
            Assert.True(i < 500, "The old certificate is served.");
            _world.Clock.Advance(TimeSpan.FromSeconds(1));
            await CurrentAsync();
            using var http = Client(agent, seen: c => served = c.SerialNumber);
            await http.GetStringAsync("headers", TestContext.Current.CancellationToken);
        }
    }

    private async Task StartAsync(TimeSpan? upstreamTimeout = null)
    {
        for (var left = 5; _guard is null; left--)
        {
            (_port, _adminPort) = (FreePort(), FreePort());
            try
            {
                await StartOnceAsync(upstreamTimeout);
            }
            catch (CommandException taken) when (left > 0 && taken.Message.Contains("cannot listen", StringComparison.Ordinal))
            {
                // Somebody was quicker: other ports.
            }
        }

        await CurrentAsync();
    }

    private async Task StartOnceAsync(TimeSpan? upstreamTimeout)
    {
        var options = new GuardOptions(Address(_appliance), [_world.Root], [_world.Issuing])
        {
            Admin = new IPEndPoint(IPAddress.Loopback, _adminPort),
            Sources = [RevocationSource.Feed],
            Door = new DoorOptions(
                new IPEndPoint(IPAddress.Loopback, _port), Address(_service), new DoorIdentity(_folder.File("guard.pem"), _folder.File("guard.key"), null), [SpiffeIdPattern.Parse("spiffe://agents.test/a/*")])
            {
                Tokens = _tokens,
                UpstreamTimeout = upstreamTimeout ?? TimeSpan.FromMinutes(1),
            },
        };
        _guard = await GuardHost.StartAsync(options, static _ => null, _world.Clock, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
    }

    private static async Task<(HttpStatusCode Status, string Challenge, string Text)> GetAsync(HttpClient http, string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = token is null ? null : new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return (answer.StatusCode, answer.Headers.WwwAuthenticate.ToString(), await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private Task CurrentAsync() => HealthIsAsync(HttpStatusCode.OK);

    private async Task HealthIsAsync(HttpStatusCode status)
    {
        for (var round = 0; (await AdminAsync("healthz")).Status != status; round++)
        {
            Assert.True(round < 200, $"The guard's health is not {status}.");
            var before = _world.Clock.GetUtcNow();
            await _world.UntilAsync(() => _world.Clock.GetUtcNow() - before > TimeSpan.FromSeconds(1));
        }
    }

    private async Task<(HttpStatusCode Status, string Text)> AdminAsync(string path)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{_adminPort}/{path}"));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private HttpClient Client(X509Certificate2? agent, int version = 1, Action<X509Certificate2>? seen = null) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions =
        {
            ClientCertificateContext = agent is null ? null : SslStreamCertificateContext.Create(agent, null, offline: true),
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                seen?.Invoke((X509Certificate2)certificate!);
                return true;
            },
        },
    })
    {
        BaseAddress = new Uri($"https://localhost:{_port}/"), DefaultRequestVersion = new Version(version, version == 1 ? 1 : 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    // What the stub answers to a message, over a real connection.
    private async Task ApplianceAsync(HttpContext context)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri($"http://pki.test{context.Features.Get<IHttpRequestFeature>()!.RawTarget}"));
        try
        {
            using var answer = await _way.SendAsync(request, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await using var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
            var buffer = new byte[64 * 1024];
            for (int read; (read = await body.ReadAsync(buffer, context.RequestAborted)) > 0;)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            context.Abort();
        }
    }

    private static async Task<WebApplication> ServeAsync(Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        map(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static Uri Address(WebApplication app) => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
