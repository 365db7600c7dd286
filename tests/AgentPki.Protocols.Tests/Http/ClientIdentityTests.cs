using System.Net;
using System.Net.Sockets;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Protocols.Http;
using AgentPki.Protocols.Tests.Harness;

namespace AgentPki.Protocols.Tests.Http;

public sealed class ClientIdentityTests
{
    private static readonly ClientIdentityOptions Loopback = new() { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] };
    private static readonly ClientIdentityOptions Elsewhere = new() { TrustedProxies = [IPNetwork.Parse("192.0.2.0/24")] };

    [Fact]
    public async Task ClientCert_FromAnUntrustedPeer_IsRefused()
    {
        await using var est = await EstServer.StartAsync(Elsewhere);
        using var identity = est.Authority.ClientCertificate("agent-7");
        using var client = est.Client();
        using var answer = await client.SendAsync(WithHeader(Header(identity.RawData)), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Empty(est.Authority.Asked);
        Assert.Equal(PkiProblemKind.MalformedRequest, Assert.Single(est.Authority.Refused).Problem.Kind);
    }

    [Fact]
    public async Task ClientCert_FromAnUntrustedPeer_IsRefusedAlsoBesideACredential()
    {
        await using var est = await EstServer.StartAsync();
        using var identity = est.Authority.ClientCertificate("agent-7");
        using var client = est.Client();
        using var message = EstServer.Post("simpleenroll", Csr.Base64());
        message.Headers.TryAddWithoutValidation("client-cert", Header(identity.RawData));
        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var cacerts = new HttpRequestMessage(HttpMethod.Get, EstServer.Root + "cacerts");
        cacerts.Headers.TryAddWithoutValidation("Client-Cert", "x");
        using var refused = await client.SendAsync(cacerts, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task ClientCert_FromATrustedProxy_IsTheClient()
    {
        await using var est = await EstServer.StartAsync(Loopback);
        using var proxy = est.Authority.ClientCertificate("proxy");
        using var client = est.Client(proxy);
        for (var i = 0; i < 4; i++)
        {
            // One connection of the proxy carries two clients by turns.
            using var identity = est.Authority.ClientCertificate($"agent-{i % 2}");
            using var answer = await client.SendAsync(WithHeader(Header(identity.RawData)), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var requester = Assert.IsType<Requester.AgentCertificate>(est.Authority.Asked.Last().Requester);
            Assert.Equal(identity.RawData, requester.Certificate.Der.ToArray());
        }
    }

    [Fact]
    public async Task ClientCert_AbsentBehindATrustedProxy_IsAStrangerAndNotTheProxy()
    {
        await using var est = await EstServer.StartAsync(Loopback);
        using var proxy = est.Authority.ClientCertificate("proxy");
        using var client = est.Client(proxy);
        using var message = EstServer.Post("simplereenroll", Csr.Base64(), basic: null);
        message.Headers.TryAddWithoutValidation("X-Forwarded-For", "10.0.0.1, 203.0.113.9");
        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal(new Requester.Stranger("203.0.113.9"), Assert.Single(est.Authority.Asked).Requester);
    }

    [Fact]
    public async Task ForwardedFor_FromAnUntrustedPeer_IsNotBelieved()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Client();
        using var message = EstServer.Post("simpleenroll", Csr.Base64(), basic: null);
        message.Headers.TryAddWithoutValidation("X-Forwarded-For", "203.0.113.9");
        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        Assert.Equal(new Requester.Stranger("127.0.0.1"), Assert.Single(est.Authority.Asked).Requester);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MIIB")]
    [InlineData(":")]
    [InlineData("::")]
    [InlineData(":MIIB")]
    [InlineData(":!!!!:")]
    public async Task ClientCert_NotAByteSequence_Is400(string header)
    {
        await using var est = await EstServer.StartAsync(Loopback);
        using var client = est.Client();
        using var answer = await client.SendAsync(WithHeader(header), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task ClientCert_Twice_Is400()
    {
        await using var est = await EstServer.StartAsync(Loopback);
        using var one = est.Authority.ClientCertificate("agent-1");
        using var client = est.Client();
        using var message = WithHeader(Header(one.RawData));
        message.Headers.TryAddWithoutValidation("Client-Cert", Header(one.RawData));
        using var answer = await client.SendAsync(message, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task ClientCert_ThatIsNoCertificate_Is403()
    {
        await using var est = await EstServer.StartAsync(Loopback);
        using var client = est.Client();
        using var answer = await client.SendAsync(WithHeader(":MAA=:"), TestContext.Current.CancellationToken);
        await Est.EstEnrollmentTests.AssertRefusedAsync(answer, HttpStatusCode.Forbidden, "cannot be read");
    }

    [Theory]
    [InlineData(true, HttpStatusCode.OK)]
    [InlineData(false, HttpStatusCode.NotFound)]
    public async Task UnixSocket_IsAProxyOnlyIfSaidSo(bool trusted, HttpStatusCode status)
    {
        var folder = Directory.CreateTempSubdirectory("ap-");
        var socket = Path.Combine(folder.FullName, "p.sock");
        await using (var est = await EstServer.StartAsync(new ClientIdentityOptions { TrustUnixSocket = trusted }, socket: socket))
        {
            using var identity = est.Authority.ClientCertificate("agent-7");
            using var client = new HttpClient(new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (_, cancellationToken) =>
                {
                    var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
                    return new NetworkStream(connection, ownsSocket: true);
                },
            }) { BaseAddress = new Uri("http://proxy/") };
            using var answer = await client.SendAsync(WithHeader(Header(identity.RawData)), TestContext.Current.CancellationToken);
            Assert.Equal(status, answer.StatusCode);
            Assert.Equal(trusted ? 1 : 0, est.Authority.Asked.Count);
        }

        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task PlainHttp_HasNoEst()
    {
        await using var est = await EstServer.StartAsync();
        using var client = est.Server.Client(to: est.Server.Http);
        using var answer = await client.SendAsync(EstServer.Post("simpleenroll", Csr.Base64()), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Empty(est.Authority.Asked);
    }

    private static HttpRequestMessage WithHeader(string header)
    {
        var message = EstServer.Post("simplereenroll", Csr.Base64(), basic: null);
        message.Headers.TryAddWithoutValidation("Client-Cert", header);
        return message;
    }

    private static string Header(byte[] der) => $":{Convert.ToBase64String(der)}:";
}
