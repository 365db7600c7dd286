using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using AgentPki.Server.Tls;
using Xunit;

namespace AgentPki.Server.Tests.Tls;

public sealed class ClientHelloTests
{
    private const ushort EcdsaP256 = 0x0403;
    private const ushort Unassigned = 0x0BAD;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Offers_HelloOfThePlatform_FindsWhatItListsAndNothingElse()
    {
        var hello = await HelloAsync();

        Assert.True(ClientHello.Offers(hello, EcdsaP256));
        Assert.False(ClientHello.Offers(hello, Unassigned));
        Assert.Equal(TlsPlatform.IsPostQuantum, ClientHello.Offers(hello, 0x0905));
    }

    [Fact]
    public async Task Offers_CutAnywhere_DoesNotThrow()
    {
        var hello = await HelloAsync();

        Assert.All(Enumerable.Range(0, hello.Length), length => _ = ClientHello.Offers(hello.AsSpan(0, length), Unassigned));
        Assert.False(ClientHello.Offers("GET / HTTP/1.1\r\n\r\n"u8, EcdsaP256));
    }

    [Fact]
    public async Task OffersAsync_HelloInPieces_WaitsAndTakesNothingAway()
    {
        var hello = await HelloAsync();
        var pipe = new Pipe();
        var offers = ClientHello.OffersAsync(pipe.Reader, EcdsaP256, Token).AsTask();
        foreach (var piece in hello.Chunk(100))
        {
            await pipe.Writer.WriteAsync(piece, Token);
        }

        Assert.True(await offers);
        var left = await pipe.Reader.ReadAtLeastAsync(hello.Length, Token);
        Assert.Equal(hello.Length, left.Buffer.Length);
    }

    [Fact]
    public async Task OffersAsync_NoTls_AnswersAtOnce()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync("GET"u8.ToArray(), Token);

        Assert.False(await ClientHello.OffersAsync(pipe.Reader, EcdsaP256, Token));
    }

    /// <summary>The first record of a real client.</summary>
    private static async Task<byte[]> HelloAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Token);
        using var server = await listener.AcceptTcpClientAsync(Token);
        await using var tls = new SslStream(client.GetStream());
        var handshake = tls.AuthenticateAsClientAsync("localhost");
        var stream = server.GetStream();
        var header = new byte[5];
        await stream.ReadExactlyAsync(header, Token);
        var body = new byte[(header[3] << 8) | header[4]];
        await stream.ReadExactlyAsync(body, Token);
        server.Close();
        await Assert.ThrowsAnyAsync<IOException>(() => handshake);
        return [.. header, .. body];
    }
}
