using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using AgentPki.Client.Peers;
using Xunit;

namespace AgentPki.Client.Tests.Peers;

/// <summary>Over real sockets: two ends, each with a gate.</summary>
public sealed class PeerTlsTests : IAsyncLifetime
{
    private PeerWorld _world = null!;
    private PeerGate _gate = null!;
    private X509Certificate2 _server = null!;
    private TcpListener? _listener;

    public async ValueTask InitializeAsync()
    {
        _world = await PeerWorld.CreateAsync();
        _gate = await _world.GateAsync();
        _server = _world.Agent("server/one");
    }

    public async ValueTask DisposeAsync()
    {
        _listener?.Stop();
        await _gate.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Handshake_BothGood_ThenClientRevoked_ItsOpenConnectionEnds()
    {
        var agent = _world.Agent("a/one");
        var (peer, server, client) = await ConnectAsync(agent);
        Assert.Equal("spiffe://agents.test/a/one", peer.SpiffeId?.ToString());
        await client.WriteAsync("hello"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal(5, await server.ReadAtLeastAsync(new byte[5], 5, cancellationToken: TestContext.Current.CancellationToken));
        var waiting = client.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask();
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => waiting.IsCompleted);
        Assert.True(await EndedAsync(waiting));
    }

    [Fact]
    public async Task Handshake_WithRevokedClient_IsRefusedWithinIt()
    {
        var agent = _world.Agent("a/one");
        await _world.RevokeAsync(agent);
        await _world.UntilAsync(() => _gate.Judge(agent.RawData, [_world.Issuing.Der], PeerDemand.Client()) is not null);
        var refused = await Assert.ThrowsAsync<PeerRefusedException>(() => ConnectAsync(agent));
        Assert.Equal(RefusalKind.Revoked, refused.Refusal.Kind);
    }

    [Fact]
    public async Task Handshake_WithoutCertificate_IsRefused() =>
        Assert.Equal(RefusalKind.NoCertificate, (await Assert.ThrowsAsync<PeerRefusedException>(() => ConnectAsync(null))).Refusal.Kind);

    [Fact]
    public async Task HttpHandler_ServerRevoked_ItsPooledConnectionIsCut_AndNoNewOneIsMade()
    {
        var port = Serve();
        using var http = new HttpClient(_gate.CreateHttpHandler(Context(_world.Agent("a/one"))));
        var url = new Uri($"https://localhost:{port}/");
        Assert.Equal("ok", await http.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.Equal(1, _gate.OpenConnections); // the client's side: the server of this test has no gate
        await _world.RevokeAsync(_server);
        await _world.UntilAsync(() => _gate.CutConnections == 1);
        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(url, TestContext.Current.CancellationToken));
        Assert.Equal(RefusalKind.Revoked, Assert.IsType<PeerRefusedException>(failure.GetBaseException() as PeerRefusedException ?? failure.InnerException).Refusal.Kind);
    }

    [Fact]
    public async Task HttpHandler_ServerOfAnotherNameOrIdentity_IsRefused()
    {
        var port = Serve();
        using var byName = new HttpClient(_gate.CreateHttpHandler());
        var wrong = await Assert.ThrowsAsync<HttpRequestException>(() => byName.GetStringAsync(new Uri($"https://127.0.0.1:{port}/"), TestContext.Current.CancellationToken));
        Assert.Equal(RefusalKind.WrongName, Assert.IsType<PeerRefusedException>(wrong.InnerException).Refusal.Kind);
        using var byIdentity = new HttpClient(_gate.CreateHttpHandler(null, SpiffeIdPattern.Parse("spiffe://agents.test/other/*")));
        var other = await Assert.ThrowsAsync<HttpRequestException>(() => byIdentity.GetStringAsync(new Uri($"https://localhost:{port}/"), TestContext.Current.CancellationToken));
        Assert.Equal(RefusalKind.NotAllowed, Assert.IsType<PeerRefusedException>(other.InnerException).Refusal.Kind);
        using var plain = new HttpClient(_gate.CreateHttpHandler());
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetStringAsync(new Uri($"http://localhost:{port}/"), TestContext.Current.CancellationToken));
    }

    private SslStreamCertificateContext Context(X509Certificate2 certificate) => SslStreamCertificateContext.Create(certificate, [_world.IssuingCertificate], offline: true);

    private async Task<(Peer Peer, SslStream Server, SslStream Client)> ConnectAsync(X509Certificate2? agent)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint);
        var accepted = await listener.AcceptSocketAsync();
        var (server, client) = (new SslStream(new NetworkStream(accepted, true)), new SslStream(new NetworkStream(socket, true)));
        var connecting = client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ClientCertificateContext = agent is null ? null : Context(agent),
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        });
        var peer = await _gate.AuthenticateAsServerAsync(server, new SslServerAuthenticationOptions { ServerCertificateContext = Context(_server) }, [], TestContext.Current.CancellationToken);
        await connecting;
        return (peer, server, client);
    }

    private static async Task<bool> EndedAsync(Task<int> reading)
    {
        try
        {
            return await reading == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>A server without a gate, until the test ends; returns its port.</summary>
    private int Serve()
    {
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        _ = ServeAsync(_listener);
        return ((IPEndPoint)_listener.LocalEndpoint).Port;
    }

    private async Task ServeAsync(TcpListener listener)
    {
        while (true)
        {
            var socket = await listener.AcceptSocketAsync();
            _ = Task.Run(async () =>
            {
                await using var stream = new SslStream(new NetworkStream(socket, true));
                await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = Context(_server), ClientCertificateRequired = true, RemoteCertificateValidationCallback = (_, _, _, _) => true,
                });
                var buffer = new byte[4096];
                while (await stream.ReadAsync(buffer) > 0)
                {
                    await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray());
                }
            });
        }
    }
}
