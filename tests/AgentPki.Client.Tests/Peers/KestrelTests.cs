using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.AspNetCore;
using AgentPki.Client.Peers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace AgentPki.Client.Tests.Peers;

/// <summary>An application of two lines on Kestrel, over real sockets.</summary>
public sealed class KestrelTests : IAsyncLifetime
{
    private PeerWorld _world = null!;
    private PeerGate _gate = null!;
    private WebApplication _app = null!;
    private Uri _url = null!;
    private readonly TaskCompletionSource _streaming = new();
    private readonly TaskCompletionSource _streamEnded = new();

    public async ValueTask InitializeAsync()
    {
        _world = await PeerWorld.CreateAsync();
        _gate = await _world.GateAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(_gate);
        builder.Services.AddCertificateForwarding(_ => { });
        builder.Services.AddAgentPki(agents => agents.Allowed.Add("spiffe://agents.test/a/*"));
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(_world.Agent("server/one"))));
        _app = builder.Build();
        _app.UseCertificateForwarding();
        _app.UseAuthentication();
        _app.UseAuthorization();
        _app.MapGet("/who", (HttpContext context) => $"{context.User.Identity?.Name} {context.User.FindFirst(AgentPkiDefaults.SerialClaim)?.Value} {context.GetPeer()?.SpiffeId}").RequireAuthorization();
        _app.MapGet("/open", (HttpContext context) => context.User.Identity?.Name ?? "nobody");
        _app.MapGet("/stream", async context =>
        {
            await context.Response.WriteAsync("begun", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            _streaming.SetResult();
            context.RequestAborted.Register(_streamEnded.SetResult);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }).RequireAuthorization();
        await _app.StartAsync(TestContext.Current.CancellationToken);
        var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        _url = new Uri($"https://localhost:{new Uri(address).Port}/");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _gate.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Request_OfAnAgent_HasItsClaims(int version)
    {
        var agent = _world.Agent("a/one");
        using var http = Client(agent, version);
        var (status, text) = await GetAsync(http, "who");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal($"spiffe://agents.test/a/one {PeerWorld.Parsed(agent).SerialHex} spiffe://agents.test/a/one", text);
        Assert.Equal(1, _gate.OpenConnections);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => GetAsync(http, "who")));
        Assert.Equal((0L, version == 2), (_gate.CutConnections, _gate.OpenConnections == 1));
    }

    // A proxy that may speak for its clients pools its connections: who came first is not who comes next.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Request_ForwardedByAProxy_IsItsOwnClients_WhoeverWasFirstOnTheConnection(int version)
    {
        using var proxy = Client(_world.Agent("a/proxy"), version);
        var (one, two) = (_world.Agent("a/one"), _world.Agent("a/two"));
        Assert.Contains("a/one", await ForwardAsync(proxy, one), StringComparison.Ordinal);
        Assert.Contains("a/two", await ForwardAsync(proxy, two), StringComparison.Ordinal);
        Assert.Contains("a/one", await ForwardAsync(proxy, one), StringComparison.Ordinal);
        Assert.Contains("a/proxy", (await GetAsync(proxy, "who")).Text, StringComparison.Ordinal);
        await _world.RevokeAsync(two);
        await _world.UntilAsync(() => _gate.Judge(two.RawData, [_world.Issuing.Der], PeerDemand.Client()) is not null);
        Assert.Contains("revoked", await ForwardAsync(proxy, two), StringComparison.Ordinal);
        Assert.Contains("a/one", await ForwardAsync(proxy, one), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_WithoutCertificate_Is401WhereSomebodyIsAskedFor()
    {
        using var http = Client(null);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(http, "who")).Status);
        Assert.Equal((HttpStatusCode.OK, "nobody"), await GetAsync(http, "open"));
    }

    [Fact]
    public async Task Handshake_OfRevokedOrNotAllowed_IsRefused()
    {
        var agent = _world.Agent("a/one");
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => _gate.Judge(agent.RawData, [_world.Issuing.Der], PeerDemand.Client()) is not null);
        using var revoked = Client(agent);
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(revoked, "open"));
        using var other = Client(_world.Agent("b/two"));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(other, "open"));
    }

    [Fact]
    public async Task Request_WhenNobodyCanTell_Is403WithTheReason_AndGoodAgainOnTheSameConnection()
    {
        await _world.CutFeedAsync();
        await _world.UntilAsync(() => _gate.Follower.View.IsStale);
        using var http = Client(_world.Agent("a/one"));
        var (status, text) = await GetAsync(http, "who");
        Assert.Equal(HttpStatusCode.Forbidden, status);
        Assert.Contains("last heard", text, StringComparison.Ordinal);
        _world.FeedIsDown = false;
        await _world.UntilAsync(() => !_gate.Follower.View.IsStale);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(http, "who")).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Stream_OfAnAgentThatIsRevoked_IsAborted(int version)
    {
        var agent = _world.Agent("a/one");
        using var http = Client(agent, version);
        using var bystander = Client(_world.Agent("a/two"), version);
        await GetAsync(bystander, "who");
        using var response = await http.GetAsync(new Uri(_url, "stream"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await _streaming.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        var reading = response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => _streamEnded.Task.IsCompleted && reading.IsCompleted);
        Assert.True(reading.IsFaulted);
        await _world.UntilAsync(() => _gate.OpenConnections == 1);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(bystander, "who")).Status);
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(http, "who"));
    }

    [Fact]
    [Trait("tier", "full")]
    public async Task SixtyConnections_SixRevoked_OnlyThoseAreCut()
    {
        var (bad, good) = (_world.Agent("a/bad"), _world.Agent("a/good"));
        List<SslStream> cut = [], kept = [];
        for (var i = 0; i < 60; i++)
        {
            (i % 10 == 0 ? cut : kept).Add(await OpenAsync(i % 10 == 0 ? bad : good));
        }

        Assert.Equal(60, _gate.OpenConnections);
        await _world.RevokeAsync(bad);
        await _world.UntilAsync(() => _gate.CutConnections == 6 && _gate.OpenConnections == 54);
        foreach (var stream in kept)
        {
            Assert.StartsWith("HTTP/1.1 200", await AskAsync(stream), StringComparison.Ordinal);
        }

        foreach (var stream in cut)
        {
            Assert.Equal("", await AskAsync(stream));
            await stream.DisposeAsync();
        }

        kept.ForEach(s => s.Dispose());
    }

    private async Task<SslStream> OpenAsync(X509Certificate2 agent)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _url.Port);
        var stream = new SslStream(new NetworkStream(socket, true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost", ClientCertificateContext = Context(agent), RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(stream), StringComparison.Ordinal);
        return stream;
    }

    private static async Task<string> AskAsync(SslStream stream)
    {
        try
        {
            await stream.WriteAsync("GET /who HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
            var (buffer, length) = (new byte[4096], 0);

            // The answer is chunked and comes in as many pieces as it likes: what is left of it would stand before the next one.
            while (!buffer.AsSpan(0, length).EndsWith("0\r\n\r\n"u8) && await stream.ReadAsync(buffer.AsMemory(length)) is > 0 and var read)
            {
                length += read;
            }

            return System.Text.Encoding.ASCII.GetString(buffer, 0, length);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private SslStreamCertificateContext Context(X509Certificate2 certificate) => SslStreamCertificateContext.Create(certificate, [_world.IssuingCertificate], offline: true);

    private async Task<(HttpStatusCode Status, string Text)> GetAsync(HttpClient http, string path)
    {
        using var response = await http.GetAsync(new Uri(_url, path), TestContext.Current.CancellationToken);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private async Task<string> ForwardAsync(HttpClient proxy, X509Certificate2 client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_url, "who")) { Version = proxy.DefaultRequestVersion, VersionPolicy = proxy.DefaultVersionPolicy };
        request.Headers.Add("X-Client-Cert", Convert.ToBase64String(client.RawData));
        using var response = await proxy.SendAsync(request, TestContext.Current.CancellationToken);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private HttpClient Client(X509Certificate2? agent, int version = 1) => new(new SocketsHttpHandler
    {
        SslOptions = { ClientCertificateContext = agent is null ? null : Context(agent), RemoteCertificateValidationCallback = (_, _, _, _) => true },
    })
    {
        DefaultRequestVersion = new Version(version, version == 1 ? 1 : 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
